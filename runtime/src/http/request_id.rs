//! What tells a request from all others.

use crate::ioloop::Core;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use tracing::Span;

/// What tells a request from all others, in logs and between services: 1 to 64 letters, digits, `-`, `_` and `.` of ASCII.
///
/// One that is made here has 128 bits in 32 hexadecimal digits. It cannot be guessed from others, but it is written to logs, so
/// it is no secret either.
///
/// ```
/// use gustnado::http::RequestId;
///
/// let id: RequestId = "01J5Z-checkout.7".parse()?;
/// assert_eq!(id.as_str(), "01J5Z-checkout.7");
/// assert!("one\r\ntwo".parse::<RequestId>().is_err());
/// # Ok::<(), gustnado::http::InvalidRequestId>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// An id that no other request has.
    pub(super) fn new(core: &Core) -> Self {
        let (high, low) = (core.unguessable(), core.unguessable());
        Self(format!("{high:016x}{low:016x}").into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an exchange knows of its request's name.
pub(super) struct Identity {
    pub(super) id: RequestId,
    /// The span that has the id as a field.
    pub(super) span: Option<Span>,
}

/// So long is the longest id.
const LONGEST: usize = 64;

impl FromStr for RequestId {
    type Err = InvalidRequestId;

    fn from_str(text: &str) -> Result<Self, InvalidRequestId> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_plain) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidRequestId(()))
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

/// The text is not a [`RequestId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRequestId(());

impl fmt::Display for InvalidRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a request id is 1 to {LONGEST} letters, digits, '-', '_' and '.' of ASCII")
    }
}

impl std::error::Error for InvalidRequestId {}
