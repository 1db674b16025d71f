//! Work that goes on after the response: pictures are ordered, painted in the background, and hung up.
//!
//! Painting keeps a processor busy, so a job awaits it on [another thread](gustnado::ioloop::run_in_executor); two are at work at a
//! time. Some painters fail or panic: the job is tried again after one second, two and four, and then given up. At the end the
//! server waits for the pictures that were ordered.
//!
//! ```text
//! curl 127.0.0.1:8888/pictures -d motif=rabbit -d temper=moody
//! curl 127.0.0.1:8888/pictures
//! curl 127.0.0.1:8888/pictures/1 -o rabbit.bmp
//! ```

mod gallery;
mod julia;
#[cfg(test)]
mod tests;

use examples::{page, same_origin};
use gallery::{Gallery, Temper};
use gustnado::ioloop::Executor;
use gustnado::jobs::{Figures, Jobs, Retry};
use gustnado::prelude::*;
use julia::Motif;
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use std::time::Duration;
use tracing_subscriber::filter::LevelFilter;

#[derive(Deserialize)]
struct Order {
    motif: Motif,
    temper: Temper,
}

#[derive(Serialize)]
struct Accepted {
    id: u64,
}

#[derive(Serialize)]
struct State {
    queued: usize,
    running: usize,
    pausing: usize,
    done: u64,
    failed: u64,
    pictures: Vec<gallery::Summary>,
}

/// Answers at once; the picture is painted later.
#[post("/pictures", max_body_size = 1_000)]
async fn order(
    Form(order): Form<Order>,
    gallery: &Rc<Gallery>,
    jobs: &Jobs,
    cx: &Context,
) -> Result<(StatusCode, Json<Accepted>)> {
    same_origin(cx)?;
    let Order { motif, temper } = order;
    let gallery = gallery.clone();
    let id = gallery.next();
    let painting = gallery.clone();
    // If there are too many, this is a 503.
    jobs.try_submit(async move || paint(&painting, id, motif, temper).await)?;
    gallery.add(id, motif, temper);
    Ok((StatusCode::ACCEPTED, Json(Accepted { id })))
}

/// One attempt.
async fn paint(gallery: &Rc<Gallery>, id: u64, motif: Motif, temper: Temper) -> Result<()> {
    let attempt = gallery.begin(id);
    let painted = run_in_executor(move || julia::paint(motif)).await?;
    temper.strike(attempt.number())?;
    attempt.finish(painted);
    Ok(())
}

#[route("/pictures")]
async fn list(gallery: &Rc<Gallery>, jobs: &Jobs) -> Json<State> {
    let Figures { queued, running, pausing, done, failed, .. } = jobs.figures();
    Json(State { queued, running, pausing, done, failed, pictures: gallery.pictures() })
}

#[route("/pictures/{id}")]
async fn picture(id: u64, gallery: &Rc<Gallery>) -> Result<impl Respond> {
    let bytes = gallery.bytes(id).ok_or_else(|| HTTPError::new(StatusCode::NOT_FOUND))?;
    let headers = [
        ("content-type", "image/bmp"),
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ];
    Ok((headers, bytes))
}

#[route("/")]
async fn index() -> impl Respond {
    page("text/html; charset=utf-8", include_str!("page/index.html"))
}

#[route("/gallery.css")]
async fn look() -> impl Respond {
    page("text/css; charset=utf-8", include_str!("page/gallery.css"))
}

#[route("/gallery.js")]
async fn script() -> impl Respond {
    page("text/javascript; charset=utf-8", include_str!("page/gallery.js"))
}

/// The pause after a first failure is an argument, because tests are in a hurry.
fn application(pause: Duration) -> Application {
    let gallery = Rc::<Gallery>::default();
    let told = gallery.clone();
    let jobs = Jobs::new("pictures")
        .concurrency(2)
        .capacity(gallery::HANGING)
        .retry(Retry::exponential(pause).attempts(4))
        .timeout(Duration::from_secs(30))
        .on_failure(move |failure| told.give_up(failure.id(), failure.attempts()));
    let routes = routes![
        index,
        look,
        script,
        list,
        order,
        picture,
        examples::icon,
        examples::style,
        examples::server
    ];
    Application::new(routes).provide(gallery).jobs(jobs)
}

#[gustnado::main]
async fn main() -> Result<()> {
    // Failures, without the many requests of the page.
    let log = tracing_subscriber::fmt().compact().with_writer(std::io::stderr);
    log.with_max_level(LevelFilter::WARN).init();
    // The usual one has more threads, for jobs that wait more than they compute.
    let painters = Executor::new(2).keep_alive(Duration::from_secs(60));
    IOLoop::current().set_default_executor(painters);
    examples::serve(application(Duration::from_secs(1))).await
}
