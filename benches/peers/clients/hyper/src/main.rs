//! hyper's row of the table of clients: the pooling client of hyper-util, on tokio's current-thread runtime.

use std::error::Error;

use fetching::{Task, check};
use http_body_util::{BodyExt, Empty};
use hyper::Uri;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::spawn_local;

#[path = "../../../../src/fetching.rs"]
mod fetching;

type Hyper = Client<HttpConnector, Empty<Bytes>>;

async fn round(
    client: &Hyper,
    url: &Uri,
    at_once: usize,
    share: usize,
) -> Result<(), Box<dyn Error>> {
    let fetch = |client: Hyper, url: Uri| async move {
        for _ in 0..share {
            let response = client.get(url.clone()).await?;
            let status = response.status().as_u16();
            check(status, &response.into_body().collect().await?.to_bytes())?;
        }
        Ok::<_, Box<dyn Error>>(())
    };
    let tasks: Vec<_> =
        (0..at_once).map(|_| spawn_local(fetch(client.clone(), url.clone()))).collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let task = Task::from_environment()?;
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client =
            Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        let url = task.url.parse()?;
        task.measure(|at_once, share| round(&client, &url, at_once, share)).await
    })
}
