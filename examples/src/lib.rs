//! The example programs of gustnado; see `src/bin`.
//!
//! Each runs as it stands, listens on 127.0.0.1, and ends on Ctrl-C:
//!
//! ```text
//! cargo run -p examples --bin hello -- --port=8888
//! ```

mod origin;
mod page;

pub use origin::{SameOrigin, same_origin};
pub use page::{icon, page, server, style};

use gustnado::options::{Opt, define, parse_command_line};
use gustnado::prelude::*;
use std::net::SocketAddr;
use std::sync::LazyLock;

static PORT: LazyLock<Opt<u16>> =
    LazyLock::new(|| define("port", 8888_u16).help("the port to listen on"));

/// The port to listen on: `--port=N`, else 8888. Reads the command line, so a program's own options have to be defined by now.
///
/// # Errors
///
/// An argument that is not understood.
pub fn port() -> Result<u16> {
    LazyLock::force(&PORT);
    match parse_command_line()?.first() {
        Some(argument) => {
            Err(Error::msg(format!("{argument:?} is no option; --help tells which there are")))
        }
        None => Ok(PORT.value()),
    }
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
