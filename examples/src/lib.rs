//! The example programs of gustnado; see `src/bin`.
//!
//! Each runs as it stands, listens on 127.0.0.1, and ends on Ctrl-C:
//!
//! ```text
//! cargo run -p examples --bin hello -- --port=8888
//! ```

mod origin;
mod page;

pub use origin::same_origin;
pub use page::{icon, page, server, style};

use gustnado::prelude::*;
use std::net::SocketAddr;

/// The port to listen on: `--port=N`, else 8888.
///
/// # Errors
///
/// An argument that is not understood.
pub fn port() -> Result<u16> {
    let (port, _) = port_and(None)?;
    Ok(port)
}

/// The port to listen on, and the value of the other option that a program has: `--NAME=VALUE`.
///
/// # Errors
///
/// An argument that is not understood.
pub fn port_and(other: Option<&str>) -> Result<(u16, Option<String>)> {
    let (mut port, mut value) = (8888, None);
    for argument in std::env::args().skip(1) {
        let named = argument.strip_prefix("--").and_then(|option| option.split_once('='));
        match named {
            Some(("port", number)) if number.parse::<u16>().is_ok() => port = number.parse()?,
            Some((name, given)) if Some(name) == other => value = Some(given.to_owned()),
            _ => {
                let usage = other.map(|name| format!(" and --{name}=…")).unwrap_or_default();
                let text = format!("{argument:?} is not understood; there is --port=8888{usage}");
                return Err(Error::msg(text));
            }
        }
    }
    Ok((port, value))
}

/// Serves an application on the port of the command line until Ctrl-C or SIGTERM, and says where.
///
/// # Errors
///
/// Those of the application's start-up.
pub async fn serve(application: Application) -> Result<()> {
    let server = application.listen(SocketAddr::from(([127, 0, 0, 1], port()?)))?;
    for address in server.addresses() {
        println!("listening on http://{address}");
    }
    server.run().await
}
