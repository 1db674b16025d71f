//! What the Autobahn testsuite talks to: a server that echoes, or a client that does what the suite's server asks.
//!
//! `autobahn server` listens on a free port and says where; `autobahn client URL` runs every case of a fuzzing server.

use gustnado::prelude::*;
use gustnado::websocket::{Compression, WebSocketRequest, WebSocketSettings, WebSocketUpgrade};

/// The longest message of the suite has 16 MiB.
const LONGEST: usize = 32 * 1024 * 1024;

const COMPRESSION: Compression =
    Compression { level: 6, mem_level: 8, window_bits: 15, context_takeover: true, min_size: 0 };

fn settings() -> WebSocketSettings {
    WebSocketSettings {
        max_message_size: LONGEST,
        compression: Some(COMPRESSION),
        ..WebSocketSettings::default()
    }
}

/// The suite's own page has no origin that would be ours.
#[route("/")]
async fn echo(upgrade: WebSocketUpgrade) -> Result<()> {
    repeat(upgrade.check_origin(|_| true).accept()?).await
}

/// Sends back everything; what breaks a rule is the suite's intention.
async fn repeat(mut socket: WebSocket) -> Result<()> {
    while let Ok(Some(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn open(url: String) -> Result<WebSocket> {
    Ok(WebSocketRequest::new(url).settings(settings()).connect().await?)
}

async fn client(url: &str) -> Result<()> {
    let mut socket = open(format!("{url}/getCaseCount")).await?;
    let count: u32 = match socket.recv().await? {
        Some(message) => message.json()?,
        None => 0,
    };
    for case in 1..=count {
        let socket = open(format!("{url}/runCase?case={case}&agent=gustnado")).await?;
        repeat(socket).await?;
    }
    let mut socket = open(format!("{url}/updateReports?agent=gustnado")).await?;
    while socket.recv().await?.is_some() {}
    println!("{count} cases");
    Ok(())
}

#[gustnado::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("server"), None) => {
            let app = Application::new(routes![echo]).provide(settings());
            let server = app.listen("127.0.0.1:0")?;
            println!("listening on http://{}", server.addresses()[0]);
            server.run().await
        }
        (Some("client"), Some(url)) => client(&url).await,
        _ => Err(Error::msg("usage: autobahn server, or autobahn client ws://127.0.0.1:9001")),
    }
}
