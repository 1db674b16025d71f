//! What a program has of a connection: a WebSocket, or its two halves.

use super::decoder::Event;
use super::error::WebSocketError;
use super::message::{Kind, Message};
use super::pieces::{MessageReader, MessageWriter};
use super::socket::Socket;
use serde::Serialize;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::rc::Rc;
use tungstenite::Utf8Bytes;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

/// A connection over which both sides send messages whenever they like: an argument of a handler, or what
/// [`websocket_connect`](super::websocket_connect) returns.
///
/// It [receives](Self::recv), and does all that a [`WebSocketSender`] does. Messages are received one at a time: while nobody asks for the
/// next one nothing is read, which in the end makes the other side wait. Pings and the end are answered while somebody
/// receives, so a handler that only sends should [receive](Self::split) beside that. Dropped, it is closed with 1000, or with 1011 if its
/// handler has failed.
pub struct WebSocket {
    receiver: WebSocketReceiver,
}

/// The half that receives. It is the connection: dropped, it closes that, however many senders there are.
pub struct WebSocketReceiver {
    sender: WebSocketSender,
}

/// The half that sends: a cheap handle, of which there may be many.
///
/// What is sent leaves together with what else is sent in the same turn of the loop, or before the connection waits for the next message,
/// with one write.
#[derive(Clone)]
pub struct WebSocketSender {
    pub(super) socket: Rc<Socket>,
}

impl WebSocket {
    pub(super) fn new(socket: Rc<Socket>) -> Self {
        Self { receiver: WebSocketReceiver { sender: WebSocketSender { socket } } }
    }

    /// The next message; `None` when the other side has closed or is gone, or did after [`close`](WebSocketSender::close).
    ///
    /// It may be dropped and called again; nothing is lost.
    ///
    /// # Errors
    ///
    /// Once, what the other side did wrong: a [`Violation`](WebSocketError::Violation) of the protocol, no answer to a
    /// [ping](WebSocketError::PingTimeout), or that it was [too slow](WebSocketError::QueueFull). After that, `None`.
    pub async fn recv(&mut self) -> Result<Option<Message>, WebSocketError> {
        self.receiver.recv().await
    }

    /// See [`WebSocketReceiver::recv_streamed`].
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_streamed(&mut self) -> Result<Option<MessageReader<'_>>, WebSocketError> {
        self.receiver.recv_streamed().await
    }

    /// The two halves, for two coroutines.
    pub fn split(self) -> (WebSocketSender, WebSocketReceiver) {
        (self.receiver.sender.clone(), self.receiver)
    }

    /// A handle that sends.
    pub fn sender(&self) -> WebSocketSender {
        self.receiver.sender.clone()
    }
}

impl WebSocketReceiver {
    /// See [`WebSocket::recv`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn recv(&mut self) -> Result<Option<Message>, WebSocketError> {
        loop {
            match poll_fn(|cx| self.sender.socket.poll_recv(cx, false)).await? {
                Some(Event::Message(message)) => return Ok(Some(message)),
                None => return Ok(None),
                // The rest of a message of which only the beginning was wanted.
                Some(_) => {}
            }
        }
    }

    /// The next message, piece by piece, as it arrives: for messages that are too long for the memory, or are wanted early. It is as
    /// long as it is; [`max_message_size`](super::WebSocketSettings::max_message_size) is for whole messages.
    ///
    /// ```
    /// use gustnado::prelude::*;
    /// use gustnado::websocket::WebSocket;
    ///
    /// #[route("/length")]
    /// async fn length(socket: WebSocket) -> Result<()> {
    ///     let (sender, mut receiver) = socket.split();
    ///     while let Some(mut message) = receiver.recv_streamed().await? {
    ///         let mut length = 0;
    ///         while let Some(piece) = message.next().await? {
    ///             length += piece.len();
    ///         }
    ///         sender.send(format!("{length} bytes")).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_streamed(&mut self) -> Result<Option<MessageReader<'_>>, WebSocketError> {
        let event = poll_fn(|cx| self.sender.socket.poll_recv(cx, true)).await?;
        Ok(event.and_then(|event| MessageReader::new(&self.sender.socket, event)))
    }

    /// A handle that sends.
    pub fn sender(&self) -> WebSocketSender {
        self.sender.clone()
    }
}

impl Drop for WebSocketReceiver {
    fn drop(&mut self) {
        self.sender.socket.abandon();
    }
}

impl WebSocketSender {
    /// Sends a message: text of a `&str` or `String`, bytes of everything else. If the other side reads more slowly than we send, it
    /// waits until what was sent has left; so does who sends in a loop now and then, to give others a turn.
    ///
    /// It is on its way as soon as this is awaited; dropping the future takes nothing back.
    ///
    /// # Errors
    ///
    /// [`WebSocketError::Closed`]. That it does not fail does not mean that the message arrives.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), WebSocketError> {
        self.socket.send(message.into())?;
        self.socket.drain().await
    }

    /// Sends a value as JSON, in a text message.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); and [`WebSocketError::Json`] of a value that JSON has no way to write.
    pub async fn send_json(&self, value: &(impl Serialize + ?Sized)) -> Result<(), WebSocketError> {
        self.send(Message::from_json(value)?).await
    }

    /// Sends a message without waiting, if not too much waits already.
    ///
    /// # Errors
    ///
    /// If more than [`max_queue`](super::WebSocketSettings::max_queue) bytes wait, what
    /// [`slow_consumer`](super::WebSocketSettings::slow_consumer) says: [`WebSocketError::QueueFull`], and the message is dropped; or
    /// [`WebSocketError::Closed`], and so is the connection.
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), WebSocketError> {
        self.socket.admit()?;
        self.socket.send(message.into())
    }

    /// Sends one message in pieces, as they come. Until it is finished, other messages wait behind it.
    ///
    /// ```
    /// # use gustnado::websocket::{Kind, WebSocketError, WebSocketSender};
    /// # async fn example(sender: &WebSocketSender) -> Result<(), WebSocketError> {
    /// let mut message = sender.stream(Kind::Binary)?;
    /// for piece in [vec![0; 65_536], vec![1; 65_536]] {
    ///     message.write(&piece).await?;
    /// }
    /// message.finish().await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`WebSocketError::Closed`]; [`WebSocketError::Streaming`] while another message is being sent in pieces.
    pub fn stream(&self, kind: Kind) -> Result<MessageWriter<'_>, WebSocketError> {
        MessageWriter::new(&self.socket, kind)
    }

    /// Sends a ping. The answer is dealt with by who receives. The connection does this [by
    /// itself](super::WebSocketSettings::ping_interval).
    ///
    /// # Errors
    ///
    /// [`WebSocketError::Closed`]; [`WebSocketError::PingTooLong`] of more than 125 bytes.
    pub fn ping(&self, payload: impl AsRef<[u8]>) -> Result<(), WebSocketError> {
        self.socket.ping(payload.as_ref())
    }

    /// Closes the connection: nothing more can be sent, and what is received is dropped until the other side agrees, which ends
    /// receiving with `None`. It has [some seconds](super::WebSocketSettings::close_timeout) for that. A reason of more than 123 bytes is
    /// cut. Once it is closed, this does nothing.
    ///
    /// ```
    /// # use gustnado::websocket::{CloseCode, WebSocketSender};
    /// # fn example(sender: &WebSocketSender) {
    /// sender.close(CloseCode::from(4001), "no such room");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the code is one that must not be sent, such as 1006 (RFC 6455 §7.4).
    pub fn close(&self, code: CloseCode, reason: impl Into<Utf8Bytes>) {
        assert!(code.is_allowed(), "the close code {code} must not be sent");
        self.socket.start_close(Some(&CloseFrame { code, reason: reason.into() }));
    }

    /// Whether messages can be sent, as far as is known.
    pub fn is_open(&self) -> bool {
        self.socket.is_open()
    }

    /// The code with which the other side has closed: `None` as long as it has not, and if it gave none, or is gone without a word.
    pub fn close_code(&self) -> Option<CloseCode> {
        self.close_frame().map(|frame| frame.code)
    }

    /// The reason that the other side gave, if it has closed and gave one.
    pub fn close_reason(&self) -> Option<&str> {
        self.close_frame().map(|frame| frame.reason.as_str())
    }

    fn close_frame(&self) -> Option<&CloseFrame> {
        self.socket.close_frame().flatten()
    }

    /// The subprotocol that was agreed upon.
    pub fn subprotocol(&self) -> Option<&str> {
        self.socket.agreement().subprotocol.as_deref()
    }

    /// Whether messages may be compressed.
    pub fn is_compressed(&self) -> bool {
        self.socket.deflate().is_some()
    }

    /// How many bytes wait for the other side to read them.
    pub fn queued(&self) -> usize {
        self.socket.unsent()
    }

    /// Who is at the other end, as far as TCP knows; it may be a proxy.
    ///
    /// # Errors
    ///
    /// The system's; the connection may be closed.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.stream().peer_addr()
    }

    /// Whether small writes are sent at once, which they are unless said otherwise.
    ///
    /// # Errors
    ///
    /// The system's; the connection may be closed.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.stream().set_nodelay(nodelay)
    }
}

/// All that a sender does.
impl Deref for WebSocket {
    type Target = WebSocketSender;

    fn deref(&self) -> &WebSocketSender {
        &self.receiver.sender
    }
}

macro_rules! debug {
    ($($name:ident: |$this:ident| $socket:expr;)+) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $this = self;
                f.debug_struct(stringify!($name)).field("open", &$socket.is_open()).finish_non_exhaustive()
            }
        })+
    };
}

debug! {
    WebSocket: |it| it.receiver.sender;
    WebSocketReceiver: |it| it.sender;
    WebSocketSender: |it| it;
}
