//! What the peers have in common.

use std::net::{Ipv4Addr, SocketAddr};

/// The path that every server answers.
pub const PATH: &str = "/plaintext";

/// The body that every server answers with.
pub const BODY: &str = "Hello, World!";

/// The type of [`BODY`].
pub const CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// Where to listen: `--port=N`, or 8888.
pub fn address() -> SocketAddr {
    let port = std::env::args().find_map(|argument| argument.strip_prefix("--port=")?.parse().ok());
    SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(8888)))
}
