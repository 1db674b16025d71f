//! reqwest's row of the table of clients, on tokio's current-thread runtime.

use std::error::Error;
use std::time::Duration;

use fetching::{Task, check};
use reqwest::Client;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::spawn_local;

#[path = "../../../../src/fetching.rs"]
mod fetching;

async fn round(
    client: &Client,
    url: &str,
    at_once: usize,
    share: usize,
) -> Result<(), Box<dyn Error>> {
    let fetch = |client: Client, url: String| async move {
        for _ in 0..share {
            let response = client.get(&url).send().await?;
            let status = response.status().as_u16();
            check(status, &response.bytes().await?)?;
        }
        Ok::<_, Box<dyn Error>>(())
    };
    let tasks: Vec<_> =
        (0..at_once).map(|_| spawn_local(fetch(client.clone(), url.to_owned()))).collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let task = Task::from_environment()?;
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async {
        // gustnado has a deadline for everything, too.
        let client = Client::builder().timeout(Duration::from_secs(20)).build()?;
        task.measure(|at_once, share| round(&client, &task.url, at_once, share)).await
    })
}
