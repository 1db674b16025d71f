//! A small JSON service: typed arguments, typed answers, and an access log on the terminal.
//!
//! ```text
//! curl '127.0.0.1:8888/sum?a=1&b=2'
//! curl -H 'Content-Type: application/json' -d '{"name": "Ada"}' 127.0.0.1:8888/visitors
//! curl 127.0.0.1:8888/visitors/1
//! ```

use gustnado::prelude::*;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;

#[derive(Clone, Deserialize, Serialize)]
struct Visitor {
    name: String,
}

/// Everything lives on one thread: no lock is needed.
#[derive(Default)]
struct Visitors(RefCell<Vec<Visitor>>);

#[derive(Deserialize)]
struct Terms {
    a: i64,
    b: i64,
}

#[derive(Serialize)]
struct Sum {
    sum: i64,
}

#[route("/sum")]
async fn sum(Query(terms): Query<Terms>) -> Result<Json<Sum>> {
    let too_large = || HTTPError::new(StatusCode::BAD_REQUEST).with_reason("the sum is too large");
    Ok(Json(Sum { sum: terms.a.checked_add(terms.b).ok_or_else(too_large)? }))
}

#[route("/visitors")]
async fn list(visitors: &Visitors) -> Json<Vec<Visitor>> {
    Json(visitors.0.borrow().clone())
}

#[route("/visitors", method = POST)]
async fn add(Json(visitor): Json<Visitor>, visitors: &Visitors) -> (StatusCode, Json<Visitor>) {
    visitors.0.borrow_mut().push(visitor.clone());
    (StatusCode::CREATED, Json(visitor))
}

/// Visitors are counted from one.
#[route("/visitors/{number}")]
async fn visitor(number: usize, visitors: &Visitors) -> Result<Json<Visitor>> {
    let visitors = visitors.0.borrow();
    let visitor = number.checked_sub(1).and_then(|index| visitors.get(index));
    Ok(Json(visitor.cloned().ok_or_else(|| HTTPError::new(StatusCode::NOT_FOUND))?))
}

#[gustnado::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().compact().with_writer(std::io::stderr).init();
    examples::serve(Application::new(routes![sum, list, add, visitor]).provide(Visitors::default()))
        .await
}
