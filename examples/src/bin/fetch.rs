//! Fetches one page, and prints how long it is: a program that needs a loop only for a moment.
//!
//! ```text
//! cargo run -p examples --bin fetch -- http://example.com/
//! ```
//!
//! Without a URL, it fetches a page that it serves itself.

use gustnado::prelude::*;

#[route("/")]
async fn index() -> Html<&'static str> {
    Html("<!DOCTYPE html><title>A page</title><p>It is served by the program that fetches it.")
}

async fn fetch(url: &str) -> Result<usize> {
    let client = AsyncHTTPClient::new();
    let response = client.fetch(url).await.with_context(|| format!("fetching {url}"))?;
    println!("{}: {} bytes", response.effective_url(), response.body().len());
    Ok(response.body().len())
}

async fn fetch_from_here() -> Result<usize> {
    let server = Application::new(routes![index]).listen("127.0.0.1:0")?;
    fetch(&format!("http://{}/", server.addresses()[0])).await
}

fn main() -> Result<()> {
    let fetching = async {
        match std::env::args().nth(1) {
            Some(url) => fetch(&url).await,
            None => fetch_from_here().await,
        }
    };
    IOLoop::new()?.run_sync(fetching)??;
    Ok(())
}
