//! WebSockets: messages in both directions over one connection. RFC 6455, with the compression of RFC 7692.
//!
//! ```no_run
//! use gustnado::prelude::*;
//!
//! #[route("/echo")]
//! async fn echo(mut socket: WebSocket) -> Result<()> {
//!     while let Some(message) = socket.recv().await? {
//!         socket.send(message).await?;
//!     }
//!     Ok(())
//! }
//!
//! #[gustnado::main]
//! async fn main() -> Result<()> {
//!     Application::new(routes![echo]).listen("127.0.0.1:8888")?.run().await
//! }
//! ```
//!
//! A handler that takes a [`WebSocket`] accepts every request that is one, as long as it comes from a page of the same host; to
//! decide more, it takes a [`WebSocketUpgrade`]. A request that is none is answered with 400, 403, 405 or 426, before the handler starts.
//! [`WebSocketSettings`] has the limits and deadlines, which are on unless switched off.
//!
//! The protocol is enforced: whoever breaks it is told [which rule](Violation) that was, and the connection ends. Messages are
//! handled one at a time, which is the back-pressure of a slow handler; all that are in the buffer are answered with one write; and a
//! connection that waits holds no buffer.

mod client;
mod connection;
mod decoder;
mod deflate;
mod error;
mod extensions;
mod frame;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod hub;
mod key;
mod mask;
mod message;
mod pieces;
mod queue;
mod settings;
mod socket;
mod upgrade;
mod utf8;
mod violation;

pub use self::client::{ConnectError, Reconnect, WebSocketRequest, websocket_connect};
pub use self::connection::{WebSocket, WebSocketReceiver, WebSocketSender};
pub use self::deflate::Compression;
pub use self::error::WebSocketError;
pub use self::hub::{Delivery, Hub, Membership, Relay};
pub use self::message::{Kind, Message};
pub use self::pieces::{MessageReader, MessageWriter};
pub use self::settings::{SlowConsumer, WebSocketSettings};
pub use self::upgrade::WebSocketUpgrade;
pub use self::violation::Violation;
pub use tungstenite::Utf8Bytes;
pub use tungstenite::protocol::frame::coding::CloseCode;
