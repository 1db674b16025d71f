//! Three ways to wait for a fetch. Each returns how long the page is.

use gustnado::coroutine::{Callback, Task, Wait};
use gustnado::http::{HTTPClientError, HTTPResponse};
use gustnado::prelude::*;

type Fetched = Result<HTTPResponse, HTTPClientError>;

/// A function of the old kind: it returns at once, and calls back when there is something to say.
pub(super) fn fetch(client: &AsyncHTTPClient, url: &str, callback: impl FnOnce(Fetched) + 'static) {
    IOLoop::current().add_future(client.fetch(url), callback);
}

/// Slide 04: a callback under a key, and later the wait for what it was called with.
pub(super) async fn with_callback_and_wait(client: &AsyncHTTPClient, url: &str) -> Result<usize> {
    fetch(client, url, Callback("key")?);
    let response = Wait::<Fetched>("key").await??;
    Ok(response.body().len())
}

/// Slide 05: both in one, without a key.
pub(super) async fn with_task(client: &AsyncHTTPClient, url: &str) -> Result<usize> {
    let response = Task(|callback| fetch(client, url, callback)).await??;
    Ok(response.body().len())
}

/// Today: a fetch is a future itself.
pub(super) async fn with_await(client: &AsyncHTTPClient, url: &str) -> Result<usize> {
    let response = client.fetch(url).await?;
    Ok(response.body().len())
}
