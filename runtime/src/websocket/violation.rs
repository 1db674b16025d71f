//! What the other side must not send.

use std::fmt;
use tungstenite::protocol::frame::coding::CloseCode;

/// A rule of RFC 6455 or RFC 7692 that the other side has broken. The connection is then closed, with the rule's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// A reserved bit is set that no extension explains. §5.2, and RFC 7692 §6.
    ReservedBits,
    /// An opcode that has no meaning. §5.2
    ReservedOpcode,
    /// A client's frame is not masked. §5.1
    Unmasked,
    /// A server's frame is masked. §5.1
    Masked,
    /// The length of a frame is not written in the shortest way, or is above 2⁶³. §5.2
    Length,
    /// A control frame has more than 125 bytes. §5.5
    LongControl,
    /// A control frame is fragmented. §5.5
    FragmentedControl,
    /// A continuation of no message. §5.4
    StrayContinuation,
    /// A message begins before the last one has ended. §5.4
    InterleavedMessage,
    /// A close frame with one byte, or with a code that must not be sent. §5.5.1, §7.4
    CloseCode,
    /// The reason of a close frame is not UTF-8. §5.5.1
    CloseReason,
    /// A text message is not UTF-8. §8.1
    NotUtf8,
    /// A compressed message cannot be decompressed. RFC 7692 §7.2.2
    NotDeflate,
    /// A message is longer than [allowed](super::WebSocketSettings::max_message_size).
    TooBig,
    /// A message is longer than allowed when it is decompressed.
    TooBigInflated,
}

impl Violation {
    /// The code with which the connection is closed. §7.4.1
    pub fn code(self) -> CloseCode {
        match self {
            Self::NotUtf8 | Self::CloseReason | Self::NotDeflate => CloseCode::Invalid,
            Self::TooBig | Self::TooBigInflated => CloseCode::Size,
            _ => CloseCode::Protocol,
        }
    }

    /// What the other side is told.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::ReservedBits => "reserved bit",
            Self::ReservedOpcode => "reserved opcode",
            Self::Unmasked => "frame without a mask",
            Self::Masked => "frame with a mask",
            Self::Length => "invalid length",
            Self::LongControl => "control frame too long",
            Self::FragmentedControl => "fragmented control frame",
            Self::StrayContinuation => "continuation of no message",
            Self::InterleavedMessage => "message within a message",
            Self::CloseCode => "invalid close code",
            Self::CloseReason => "close reason is not UTF-8",
            Self::NotUtf8 => "text is not UTF-8",
            Self::NotDeflate => "invalid compressed data",
            Self::TooBig => "message too big",
            Self::TooBigInflated => "message too big after decompression",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Violation {}
