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
    let mut port = 8888;
    for argument in std::env::args().skip(1) {
        let number = argument.strip_prefix("--port=").and_then(|number| number.parse().ok());
        let usage = || {
            Error::msg(format!("{argument:?} is not understood; the only option is --port=8888"))
        };
        port = number.ok_or_else(usage)?;
    }
    Ok(port)
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
