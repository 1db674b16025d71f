//! The same fetch written three times: with `Callback` and `Wait`, with `Task`, and with `await`.
//!
//! Slides 04, 05 and t9 of "Tornado in depth" show how a coroutine waits for a function that calls back. Such functions are still
//! around; here, [`ways::fetch`] plays one. The page does all three at once, and shows what came of each.

#[cfg(test)]
mod tests;
mod ways;

use examples::{page, port};
use gustnado::coroutine::engine;
use gustnado::prelude::*;
use std::time::{Duration, Instant};

/// What is fetched.
struct Target(String);

#[route("/")]
async fn index(client: &AsyncHTTPClient, Target(url): &Target) -> Result<impl Respond> {
    let begin = Instant::now();
    // Each has keys of its own, so that none takes what another one waits for.
    let (waited, tasked, awaited) = Multi((
        engine(ways::with_callback_and_wait(client, url)),
        engine(ways::with_task(client, url)),
        engine(ways::with_await(client, url)),
    ))
    .await?;
    let took = begin.elapsed().as_millis();
    let html = include_str!("page/index.html")
        .replace("{{callback}}", &waited.to_string())
        .replace("{{task}}", &tasked.to_string())
        .replace("{{await}}", &awaited.to_string())
        .replace("{{took}}", &took.to_string());
    Ok(Html(html))
}

/// Takes its time, so that the page shows that the three waited together.
#[route("/slow")]
async fn slow() -> &'static str {
    sleep(Duration::from_millis(100)).await;
    "A page that takes a tenth of a second.\n"
}

#[route("/ways.css")]
async fn look() -> impl Respond {
    page("text/css; charset=utf-8", include_str!("page/ways.css"))
}

fn application(target: Target) -> Application {
    Application::new(routes![index, slow, look, examples::icon, examples::style])
        .provide(target)
        .provide(AsyncHTTPClient::new())
}

#[gustnado::main]
async fn main() -> Result<()> {
    let target = Target(format!("http://127.0.0.1:{}/slow", port()?));
    examples::serve(application(target)).await
}
