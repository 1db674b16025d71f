//! gustnado's row of the table of clients.

use std::error::Error;

use gustnado::http::AsyncHTTPClient;
use gustnado::ioloop::{IOLoop, spawn};
use gustnado_benches::fetching::{Task, check};

async fn round(
    client: &AsyncHTTPClient,
    url: &str,
    at_once: usize,
    share: usize,
) -> Result<(), Box<dyn Error>> {
    let fetch = |client: AsyncHTTPClient, url: String| async move {
        for _ in 0..share {
            let response = client.fetch(&url).await?;
            check(response.code(), response.body())?;
        }
        Ok::<_, Box<dyn Error>>(())
    };
    let tasks: Vec<_> =
        (0..at_once).map(|_| spawn(fetch(client.clone(), url.to_owned()))).collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let task = Task::from_environment()?;
    IOLoop::new()?.run_sync(async {
        let client = AsyncHTTPClient::new();
        task.measure(|at_once, share| round(&client, &task.url, at_once, share)).await
    })?
}
