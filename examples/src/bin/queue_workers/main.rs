//! A queue between those who bring work and those who do it: parcels arrive in bulk, four packers take them one by one.
//!
//! The shelf between them is a [`PriorityQueue`](gustnado::queues::PriorityQueue) with a limit. While it is full, a delivery waits
//! at the ramp, and nobody's memory fills up; express parcels leave the shelf first. At the end the shelf is closed: what lies on it
//! is packed, what is still at the ramp goes back.
//!
//! ```text
//! curl 127.0.0.1:8888/deliveries -d count=50 -d class=standard
//! curl 127.0.0.1:8888/state
//! ```

mod depot;
#[cfg(test)]
mod tests;

use depot::{Class, Depot, State};
use examples::{page, same_origin};
use gustnado::prelude::*;
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use std::time::Duration;

/// The largest delivery, and how many parcels may stand at the ramp. The page says the same.
const LARGEST: usize = 100;
const RAMP: usize = 500;

#[derive(Deserialize)]
struct Delivery {
    count: usize,
    class: Class,
}

#[derive(Serialize)]
struct Accepted {
    accepted: usize,
}

#[post("/deliveries", max_body_size = 1_000)]
async fn deliver(
    Form(delivery): Form<Delivery>,
    depot: &Rc<Depot>,
    cx: &Context,
) -> Result<(StatusCode, Json<Accepted>)> {
    same_origin(cx)?;
    let Delivery { count, class } = delivery;
    if !(1..=LARGEST).contains(&count) {
        let refusal = HTTPError::new(StatusCode::BAD_REQUEST);
        return Err(refusal.with_reason("a delivery has 1 to 100 parcels").into());
    }
    if depot.at_ramp() + count > RAMP {
        let refusal = HTTPError::new(StatusCode::SERVICE_UNAVAILABLE);
        return Err(refusal.with_reason("the ramp is full, come back later").into());
    }
    depot.deliver(count, class);
    Ok((StatusCode::ACCEPTED, Json(Accepted { accepted: count })))
}

#[route("/state")]
async fn state(depot: &Rc<Depot>) -> Json<State> {
    Json(depot.state())
}

#[route("/")]
async fn index() -> impl Respond {
    page("text/html; charset=utf-8", include_str!("page/index.html"))
}

#[route("/depot.css")]
async fn look() -> impl Respond {
    page("text/css; charset=utf-8", include_str!("page/depot.css"))
}

#[route("/depot.js")]
async fn script() -> impl Respond {
    page("text/javascript; charset=utf-8", include_str!("page/depot.js"))
}

fn application(depot: Rc<Depot>) -> Application {
    let closing = depot.clone();
    let routes = routes![
        index,
        look,
        script,
        state,
        deliver,
        examples::icon,
        examples::style,
        examples::server
    ];
    Application::new(routes).provide(depot).on_shutdown(async move || closing.close().await)
}

#[gustnado::main]
async fn main() -> Result<()> {
    let depot = Depot::open(&["Ada", "Brook", "Cleo", "Dmitri"], 12, Duration::from_secs(1));
    examples::serve(application(depot)).await
}
