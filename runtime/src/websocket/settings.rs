//! What a connection may do.

use super::deflate::Compression;
use std::time::Duration;

/// Limits, deadlines and compression of WebSocket connections. All limits are on by default.
///
/// [Provide](crate::Application::provide) an application with one, and it is that of all its WebSockets.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::websocket::{Compression, WebSocketSettings};
///
/// # #[route("/")] async fn index() {}
/// let app = Application::new(routes![index]).provide(WebSocketSettings {
///     max_message_size: 64 * 1024,
///     compression: Some(Compression::default()),
///     ..WebSocketSettings::default()
/// });
/// ```
#[derive(Clone, Debug)]
pub struct WebSocketSettings {
    /// The longest message that is received, in bytes, as it comes over the wire and as it is decompressed. Default 10 MiB. A longer
    /// one closes the connection with 1009. Messages that are received [in pieces](super::WebSocketReceiver::recv_streamed) have no limit.
    pub max_message_size: usize,
    /// How long nothing may come before the other side is asked whether it is still there. Default 30 s; `None`, Tornado's default,
    /// never asks, so a connection whose other side has lost its power stays for ever.
    pub ping_interval: Option<Duration>,
    /// How long it may take to answer. Default, as `None`: the interval. While nobody is receiving, nothing is held against it.
    pub ping_timeout: Option<Duration>,
    /// How long the other side may take to close, once it was asked to. Default 5 s.
    pub close_timeout: Duration,
    /// How many bytes may wait for the other side to read them, before something more [is refused](super::WebSocketSender::try_send).
    /// Default 1 MiB.
    pub max_queue: usize,
    /// What becomes of a connection whose queue is full. Default [`Close`](SlowConsumer::Close).
    pub slow_consumer: SlowConsumer,
    /// Whether messages are compressed, and how, if the other side can do that. Default `None`, as in Tornado.
    ///
    /// Do not compress what a stranger wrote together with what he must not know: the length of the whole tells whether they resemble each
    /// other.
    pub compression: Option<Compression>,
}

/// What becomes of a message for somebody who does not read those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlowConsumer {
    /// The message is dropped, and the connection goes on.
    Drop,
    /// The connection is closed.
    Close,
}

impl Default for WebSocketSettings {
    fn default() -> Self {
        Self {
            max_message_size: 10 * 1024 * 1024,
            ping_interval: Some(Duration::from_secs(30)),
            ping_timeout: None,
            close_timeout: Duration::from_secs(5),
            max_queue: 1024 * 1024,
            slow_consumer: SlowConsumer::Close,
            compression: None,
        }
    }
}
