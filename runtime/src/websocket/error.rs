//! What can go wrong with a connection.

use super::violation::Violation;
use std::fmt;

/// Why a WebSocket has failed, or could not send.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebSocketError {
    /// The connection is closed, or about to be: Tornado's `WebSocketClosedError`.
    Closed,
    /// The other side has broken a rule. The connection is closed with that rule's code.
    Violation(Violation),
    /// The other side did not answer a ping in time.
    PingTimeout,
    /// So much waits already to be read by the other side that this message was dropped.
    QueueFull,
    /// The payload of a ping has more than 125 bytes, which RFC 6455 §5.5 forbids.
    PingTooLong,
    /// Another message is being sent [in pieces](super::WebSocketSender::stream).
    Streaming,
    /// A piece of text is not UTF-8, or text ends within a character.
    NotUtf8,
    /// A value has no form in JSON: why not.
    Json(String),
}

impl fmt::Display for WebSocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the WebSocket is closed"),
            Self::Violation(violation) => write!(f, "the other side broke a rule: {violation}"),
            Self::PingTimeout => f.write_str("the other side did not answer a ping in time"),
            Self::QueueFull => f.write_str("the other side reads too slowly"),
            Self::PingTooLong => f.write_str("a ping has at most 125 bytes"),
            Self::Streaming => f.write_str("another message is being sent in pieces"),
            Self::NotUtf8 => f.write_str("the text is not UTF-8"),
            Self::Json(reason) => write!(f, "no JSON: {reason}"),
        }
    }
}

impl std::error::Error for WebSocketError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Violation(violation) => Some(violation),
            _ => None,
        }
    }
}

impl From<Violation> for WebSocketError {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}
