//! What the spider finds.

use super::site::{PAGES, site};
use super::spider::Spider;
use gustnado::prelude::*;

#[gustnado::test]
async fn every_page_is_found_once_and_the_dead_link_too() -> Result<()> {
    let server = site().listen("127.0.0.1:0")?;
    let origin = format!("http://{}", server.addresses()[0]);
    let spider = Spider::new(&origin, 10);
    let survey = spider.run().await?;
    // The index is page 0 under another name.
    assert_eq!(survey.pages, PAGES as usize + 1);
    assert_eq!(survey.dead, [(format!("{origin}/page/{PAGES}"), "HTTP 404: Not Found".into())]);
    assert_eq!(spider.progress(), (survey.pages + 1, survey.pages + 1));
    Ok(())
}
