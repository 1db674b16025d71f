//! Messages.

use super::error::WebSocketError;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tungstenite::Utf8Bytes;
use tungstenite::protocol::frame::coding::{Data, OpCode};

/// A message: text or bytes. A clone shares them.
///
/// ```
/// use gustnado::websocket::Message;
///
/// let message = Message::from("Hello");
/// assert_eq!(message.as_text(), Some("Hello"));
/// assert_eq!(message.as_bytes(), b"Hello");
/// assert_eq!(Message::from(vec![1, 2, 3]).as_text(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text, which has been checked to be UTF-8.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
}

impl Message {
    /// The text; `None` of bytes, even if they could be text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }

    /// What it says, as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// What it says, as bytes that can be shared.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(text) => text.into(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// Whether it is text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Reads it as JSON.
    ///
    /// ```
    /// use gustnado::websocket::Message;
    ///
    /// let point: (i32, i32) = Message::from("[3, 4]").json()?;
    /// assert_eq!(point, (3, 4));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where and why it is no JSON, or not of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(self.as_bytes())
    }

    /// A value as JSON, in a text message.
    pub(super) fn from_json(value: &(impl Serialize + ?Sized)) -> Result<Self, WebSocketError> {
        let text = serde_json::to_string(value);
        text.map(Self::from).map_err(|error| WebSocketError::Json(error.to_string()))
    }

    pub(super) fn opcode(&self) -> OpCode {
        self.kind().into()
    }

    pub(super) fn kind(&self) -> Kind {
        if self.is_text() { Kind::Text } else { Kind::Binary }
    }
}

/// Whether a message is text or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text.
    Text,
    /// Bytes.
    Binary,
}

impl From<Kind> for OpCode {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Data(Data::Text),
            Kind::Binary => Self::Data(Data::Binary),
        }
    }
}

macro_rules! conversions {
    ($($variant:ident: $($type:ty)+;)+) => {
        $($(impl From<$type> for Message {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })+)+
    };
}

conversions! {
    Text: String Utf8Bytes;
    Binary: Vec<u8> Bytes;
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(Bytes::copy_from_slice(bytes))
    }
}
