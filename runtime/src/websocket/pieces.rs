//! Messages that are received or sent piece by piece.

use super::decoder::Event;
use super::error::WebSocketError;
use super::frame::Outgoing;
use super::message::Kind;
use super::socket::Socket;
use super::utf8::Utf8;
use bytes::Bytes;
use std::fmt;
use std::future::poll_fn;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

/// A message that is arriving; see [`WebSocketReceiver::recv_streamed`](super::WebSocketReceiver::recv_streamed). Dropped before its end,
/// the rest of it is skipped.
pub struct MessageReader<'a> {
    socket: &'a Socket,
    kind: Kind,
    piece: Option<Bytes>,
    has_ended: bool,
}

impl<'a> MessageReader<'a> {
    /// The message that begins with this event.
    pub(super) fn new(socket: &'a Socket, event: Event) -> Option<Self> {
        let (kind, piece, has_ended) = match event {
            Event::Message(message) => (message.kind(), message.into_bytes(), true),
            Event::Piece(kind, piece, is_last) => (kind, piece, is_last),
            Event::Ping(_) | Event::Pong | Event::Close(_) => return None,
        };
        Some(Self { socket, kind, piece: Some(piece), has_ended })
    }

    /// Whether it is text or bytes.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The next piece; `None` at the end. Text is checked to be UTF-8, but may be cut within a character.
    ///
    /// # Errors
    ///
    /// As [`recv`](super::WebSocket::recv); and [`WebSocketError::Closed`] if the connection ends within the message.
    pub async fn next(&mut self) -> Result<Option<Bytes>, WebSocketError> {
        loop {
            if let Some(piece) = self.piece.take_if(|piece| !piece.is_empty()) {
                return Ok(Some(piece));
            }
            if self.has_ended {
                return Ok(None);
            }
            match poll_fn(|cx| self.socket.poll_recv(cx, true)).await? {
                Some(Event::Piece(_, piece, is_last)) => {
                    self.piece = Some(piece);
                    self.has_ended = is_last;
                }
                _ => return Err(WebSocketError::Closed),
            }
        }
    }
}

impl Drop for MessageReader<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.socket.skip();
        }
    }
}

impl fmt::Debug for MessageReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageReader").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A message that is being sent; see [`WebSocketSender::stream`](super::WebSocketSender::stream). Dropped before it is
/// [finished](Self::finish), it cannot be ended well, and the connection is closed with 1011.
pub struct MessageWriter<'a> {
    socket: &'a Socket,
    kind: Kind,
    has_begun: bool,
    has_ended: bool,
    text: Utf8,
}

impl<'a> MessageWriter<'a> {
    pub(super) fn new(socket: &'a Socket, kind: Kind) -> Result<Self, WebSocketError> {
        if !socket.is_open() {
            return Err(WebSocketError::Closed);
        }
        if !socket.begin_pieces() {
            return Err(WebSocketError::Streaming);
        }
        Ok(Self { socket, kind, has_begun: false, has_ended: false, text: Utf8::default() })
    }

    /// Sends the next piece, as a frame of its own and not compressed. Waits as [`send`](super::WebSocketSender::send) does.
    ///
    /// # Errors
    ///
    /// [`WebSocketError::Closed`]; [`WebSocketError::NotUtf8`] of text that is none. It may be cut within a character.
    pub async fn write(&mut self, piece: impl AsRef<[u8]>) -> Result<(), WebSocketError> {
        let piece = piece.as_ref();
        if self.kind == Kind::Text {
            self.text.push(piece).map_err(|_| WebSocketError::NotUtf8)?;
        }
        self.frame(piece, false)?;
        self.socket.drain().await
    }

    /// Ends the message.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub async fn finish(mut self) -> Result<(), WebSocketError> {
        self.text.finish().map_err(|_| WebSocketError::NotUtf8)?;
        self.frame(&[], true)?;
        self.has_ended = true;
        self.socket.drain().await
    }

    fn frame(&mut self, payload: &[u8], is_final: bool) -> Result<(), WebSocketError> {
        let opcode = match std::mem::replace(&mut self.has_begun, true) {
            true => OpCode::Data(Data::Continue),
            false => self.kind.into(),
        };
        self.socket.piece(Outgoing { opcode, is_final, is_compressed: false, payload })
    }
}

impl Drop for MessageWriter<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            let reason = "message not finished".into();
            self.socket.start_close(Some(&CloseFrame { code: CloseCode::Error, reason }));
        }
    }
}

impl fmt::Debug for MessageWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageWriter").field("kind", &self.kind).finish_non_exhaustive()
    }
}
