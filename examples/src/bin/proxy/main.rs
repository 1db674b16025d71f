//! A reverse proxy: it hands requests on to another server, and the responses back, piece by piece in both directions.
//!
//! Whoever is slower sets the pace. Of a body, however long, the proxy holds no more than a piece that is on its way and what the
//! sockets hold; it sends on what has arrived, and reads more when that was taken.
//!
//! ```text
//! cargo run --release -p examples --bin proxy -- --upstream=http://127.0.0.1:9000
//! curl 127.0.0.1:8888/
//! ```
//!
//! Without an upstream, it stands in front of a page that it serves itself.

mod forward;
mod headers;
#[cfg(test)]
mod tests;

use forward::Proxy;
use gustnado::http::{HTTPServer, Limits, Settings};
use gustnado::ioloop::{Signal, Signals};
use gustnado::options::define;
use gustnado::prelude::*;
use std::net::SocketAddr;
use std::time::Duration;

/// What stands behind the proxy if nothing else does: it tells what has arrived there.
#[route("/")]
async fn index(cx: &Context) -> String {
    let headers = cx.headers().map(|(name, value)| format!("{name}: {}\n", value.escape_ascii()));
    format!("{} {}\n{}", cx.method(), cx.target(), headers.collect::<String>())
}

/// How long a body may be is for the server behind to say.
fn settings() -> Settings {
    Settings { limits: Limits { body: u64::MAX, ..Limits::default() }, ..Settings::default() }
}

#[gustnado::main]
async fn main() -> Result<()> {
    let upstream = define("upstream", None::<String>).help("the server to stand in front of");
    let (port, upstream) = (examples::port()?, upstream.value());
    // It lives as long as it is held.
    let own = match upstream {
        Some(_) => None,
        None => Some(Application::new(routes![index]).listen("127.0.0.1:0")?),
    };
    let own_url = own.as_ref().map(|server| format!("http://{}", server.addresses()[0]));
    let proxy = Proxy::new(upstream.or(own_url).unwrap_or_default());
    let server = HTTPServer::new(proxy, settings());
    let address = server.listen(SocketAddr::from(([127, 0, 0, 1], port)))?;
    println!("listening on http://{address}");

    Signals::new(&[Signal::Interrupt, Signal::Terminate])?.recv().await?;
    server.shutdown(Duration::from_secs(10)).await;
    Ok(())
}
