//! A site to crawl: two hundred pages, each with links to some others, and one link that is dead.

use gustnado::prelude::*;
use std::time::Duration;

pub(super) const PAGES: u32 = 200;

/// How long a page takes to be made.
const PAUSE: Duration = Duration::from_millis(20);

#[route("/")]
async fn index() -> Html<String> {
    page(0).await
}

#[route("/page/{number}")]
async fn numbered(number: u32) -> Result<Html<String>> {
    if number >= PAGES {
        return Err(HTTPError::new(StatusCode::NOT_FOUND).into());
    }
    Ok(page(number).await)
}

async fn page(number: u32) -> Html<String> {
    sleep(PAUSE).await;
    let link = |to: u32| format!("<li><a href=\"/page/{to}\">Page {to}</a>\n");
    let links: String = [2 * number + 1, 2 * number + 2, number * 7 % PAGES, number]
        .into_iter()
        // The last of the tree's leaves leads nowhere.
        .filter(|to| *to <= PAGES)
        .map(link)
        .collect();
    Html(format!("<!DOCTYPE html><title>Page {number}</title>\n<ul>\n{links}</ul>\n"))
}

/// The site.
pub(super) fn site() -> Application {
    Application::new(routes![index, numbered])
}
