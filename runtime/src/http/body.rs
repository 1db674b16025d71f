//! The body of a message.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

/// The body of a message: a response of the server, or a request of the client.
///
/// ```
/// use gustnado::http::Body;
///
/// assert_eq!(Body::from("Hello, world").length(), Some(12));
/// assert_eq!(Body::default().length(), Some(0));
/// ```
#[derive(Debug, Default)]
pub enum Body {
    /// No bytes.
    #[default]
    Empty,
    /// Bytes of the program itself.
    Static(&'static [u8]),
    /// Bytes that may be shared with others.
    Bytes(Bytes),
    /// Bytes that were made for this message.
    Buffer(Vec<u8>),
    /// Bytes that are still to be produced.
    Stream(ByteStream),
}

impl Body {
    /// A body that is produced while it is sent, of a length nobody knows yet: chunked over HTTP/1.1, ended by
    /// the end of the connection over HTTP/1.0.
    pub fn stream(source: impl Stream<Item = Result<Bytes, Box<dyn Error>>> + 'static) -> Self {
        Self::Stream(ByteStream { source: Box::pin(source), length: None })
    }

    /// A body that is produced while it is sent and has exactly `length` bytes; the server aborts the response
    /// if the stream yields more or fewer.
    pub fn sized_stream(
        length: u64,
        source: impl Stream<Item = Result<Bytes, Box<dyn Error>>> + 'static,
    ) -> Self {
        Self::Stream(ByteStream { source: Box::pin(source), length: Some(length) })
    }

    /// How many bytes the body has; `None` if that is not known before it has been produced.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Stream(stream) => stream.length,
            whole => Some(whole.as_bytes().map_or(0, <[u8]>::len) as u64),
        }
    }

    /// Whether the body is known to have no bytes.
    pub fn is_empty(&self) -> bool {
        self.length() == Some(0)
    }

    /// The bytes; `None` if they are still to be produced.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Empty => Some(b""),
            Self::Static(bytes) => Some(bytes),
            Self::Bytes(bytes) => Some(bytes),
            Self::Buffer(bytes) => Some(bytes),
            Self::Stream(_) => None,
        }
    }

    /// The bytes on their own, not copied; `None` if they are still to be produced.
    pub fn into_bytes(self) -> Option<Bytes> {
        match self {
            Self::Empty => Some(Bytes::new()),
            Self::Static(bytes) => Some(Bytes::from_static(bytes)),
            Self::Bytes(bytes) => Some(bytes),
            Self::Buffer(bytes) => Some(bytes.into()),
            Self::Stream(_) => None,
        }
    }
}

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::Empty
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self::Static(text.as_bytes())
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Static(bytes)
    }
}

impl<const N: usize> From<&'static [u8; N]> for Body {
    fn from(bytes: &'static [u8; N]) -> Self {
        Self::Static(bytes)
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Buffer(text.into_bytes())
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Buffer(bytes)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Cow<'static, str>> for Body {
    fn from(text: Cow<'static, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

/// A body that is produced while it is sent: a stream of bytes, and their number if it is known.
///
/// An error ends the response; since its head is on the wire by then, the connection is closed and the client
/// sees that the body is incomplete.
pub struct ByteStream {
    source: Pin<Box<Source>>,
    length: Option<u64>,
}

impl ByteStream {
    /// How many bytes the stream yields in all, if that is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, Box<dyn Error>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.source.as_mut().poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.source.size_hint()
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream").field("length", &self.length).finish_non_exhaustive()
    }
}

type Source = dyn Stream<Item = Result<Bytes, Box<dyn Error>>>;
