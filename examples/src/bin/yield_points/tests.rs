//! What the page shows.

use super::*;

#[gustnado::test]
async fn all_three_ways_lead_to_the_same_page() -> Result<()> {
    let target = Application::new(routes![slow]).listen("127.0.0.1:0")?;
    let url = format!("http://{}/slow", target.addresses()[0]);
    let server = application(Target(url)).listen("127.0.0.1:0")?;
    let client = AsyncHTTPClient::new();
    let page = client.fetch(format!("http://{}/", server.addresses()[0])).await?;
    for way in ["callback", "task", "await"] {
        let expected = format!("id=\"{way}\">39 bytes<");
        assert!(page.text().contains(&expected), "{way}: {}", page.text());
    }
    assert!(!page.text().contains("{{"));
    Ok(())
}

#[gustnado::test]
async fn a_fetch_that_fails_fails_in_every_way() {
    let client = AsyncHTTPClient::new();
    let url = "ftp://nowhere/";
    let failures = [
        ways::with_callback_and_wait(&client, url).await,
        ways::with_task(&client, url).await,
        ways::with_await(&client, url).await,
    ];
    for failure in failures {
        let error = failure.unwrap_err();
        assert_eq!(error.to_string(), "the URL is neither http:// nor https://");
    }
}
