//! What a server allows its clients.

use super::limits::Limits;
use std::time::Duration;

/// Limits and deadlines of a server. All are on by default.
///
/// ```
/// use gustnado::http::Settings;
/// use std::time::Duration;
///
/// let settings = Settings { header_timeout: Duration::from_secs(5), ..Settings::default() };
/// assert_eq!(settings.limits.header_count, 100);
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// The sizes that a request must stay within.
    pub limits: Limits,
    /// From the first byte of a head until the head is complete. Default 20 s. The request is then answered 408.
    pub header_timeout: Duration,
    /// How long the client may keep us waiting for its body. Default 30 s. Every byte that arrives renews some of it, at the
    /// [slowest rate](Self::min_rate) allowed; so a long upload may take its time, but not stop. Beyond it, a request is
    /// answered 408.
    pub body_timeout: Duration,
    /// How long a connection may wait for its first or next request to begin. Default 75 s. It is then closed without a word.
    pub idle_connection_timeout: Duration,
    /// How long a client may take to read [so much](Self::min_rate) of what it asked for. Default 30 s. The connection is then
    /// broken.
    pub write_timeout: Duration,
    /// The slowest that a client may send or read for longer than a timeout. Default 500 bytes a second.
    pub min_rate: u32,
    /// Whether connections end after one request. Default `false`.
    pub no_keep_alive: bool,
    /// Whether a request's `X-Request-Id` is taken for its [id](super::Request::request_id). Default `false`: whoever can reach the
    /// server could choose what is found in its logs. Behind a proxy that sets this header itself, it makes one id of both.
    pub trust_request_id: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            header_timeout: Duration::from_secs(20),
            body_timeout: Duration::from_secs(30),
            idle_connection_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            min_rate: 500,
            no_keep_alive: false,
            trust_request_id: false,
        }
    }
}
