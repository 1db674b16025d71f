//! Errors: what a handler, a start-up step or `main` fails with.
//!
//! [`Error`] holds any standard error, and remembers where it was made, the context it passed through, and the
//! HTTP status it becomes if it leaves a handler. What a client may read of it is the status and, for an
//! [`HTTPError`], its reason: everything else goes to the log.
//!
//! ```
//! use gustnado::{HTTPError, Result, StatusCode, WithContext};
//!
//! fn limit(text: &str) -> Result<u32> {
//!     let limit = text.parse::<u32>().context("reading the limit")?; // a 500 if it leaves a handler
//!     if limit > 100 {
//!         return Err(HTTPError::new(StatusCode::BAD_REQUEST).with_reason("at most 100").into());
//!     }
//!     Ok(limit)
//! }
//!
//! assert_eq!(limit("7").unwrap(), 7);
//! assert_eq!(limit("700").unwrap_err().status(), StatusCode::BAD_REQUEST);
//! assert_eq!(format!("{:#}", limit("x").unwrap_err()), "reading the limit: invalid digit found in string");
//! ```

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use ::http::StatusCode;

use crate::http::{BodyError, MultipartError, Violation};
use crate::jobs::Refusal;

/// The result of whatever may fail with an [`Error`].
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// Any error, the size of one pointer.
///
/// Every standard error becomes one through `?`. `Display` prints the outermost message, `{:#}` the whole chain on
/// one line, and `Debug` (what `fn main() -> Result<()>` prints) the chain with one cause a line and the place
/// where the error entered.
pub struct Error(Box<Inner>);

struct Inner {
    cause: Box<dyn StdError>,
    /// The innermost first.
    context: Vec<Cow<'static, str>>,
    /// Stronger than what the cause says.
    status: Option<StatusCode>,
    location: &'static Location<'static>,
}

impl Error {
    /// An error that is only a message.
    #[track_caller]
    pub fn msg(message: impl Into<Cow<'static, str>>) -> Self {
        Self::from(Message(message.into()))
    }

    /// Takes over an error that is already boxed.
    #[track_caller]
    pub fn from_boxed(cause: Box<dyn StdError>) -> Self {
        Self(Box::new(Inner {
            cause,
            context: Vec::new(),
            status: None,
            location: Location::caller(),
        }))
    }

    /// Says what was being done when the error came up. The newest context is what `Display` prints.
    #[must_use]
    pub fn context(mut self, context: impl Into<Cow<'static, str>>) -> Self {
        self.0.context.push(context.into());
        self
    }

    /// Makes it an error of this status, whatever its cause says.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The status it becomes if it leaves a handler: the one given with [`with_status`](Self::with_status), else
    /// that of the first [`HTTPError`], [`BodyError`], [`Violation`], [`MultipartError`] or [`Refusal`] among its
    /// causes, else 500.
    pub fn status(&self) -> StatusCode {
        let known = || self.causes().find_map(answer_of).map(|(status, _)| status);
        self.0.status.or_else(known).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What a client may read of it: the text that goes with its [`status`](Self::status).
    pub fn reason(&self) -> Cow<'_, str> {
        let status = self.status();
        match self.causes().find_map(answer_of) {
            Some((known, reason)) if known == status => reason,
            _ => status.canonical_reason().unwrap_or("Unknown").into(),
        }
    }

    /// The first [`HTTPError`] among its causes.
    pub fn http_error(&self) -> Option<&HTTPError> {
        self.causes().find_map(|cause| cause.downcast_ref())
    }

    /// Its causes: the error it was made from, that one's source, and so on.
    pub fn causes(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        let mut next = Some(&*self.0.cause);
        std::iter::from_fn(move || {
            let cause = next?;
            next = cause.source();
            Some(cause)
        })
    }

    /// The error it was made from, if that is an `E`.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.cause.downcast_ref()
    }

    /// The error it was made from, if that is an `E`; otherwise itself again.
    pub fn downcast<E: StdError + 'static>(self) -> Result<E> {
        let Inner { cause, context, status, location } = *self.0;
        match cause.downcast() {
            Ok(error) => Ok(*error),
            Err(cause) => Err(Self(Box::new(Inner { cause, context, status, location }))),
        }
    }

    /// Where it was made: the `?` that made an error of another type into this one.
    pub fn location(&self) -> &'static Location<'static> {
        self.0.location
    }

    /// The messages, the outermost first.
    fn messages(&self) -> impl Iterator<Item = &dyn fmt::Display> {
        let context = self.0.context.iter().rev().map(|context| context as &dyn fmt::Display);
        context.chain(self.causes().map(|cause| cause as &dyn fmt::Display))
    }
}

impl<E: StdError + 'static> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::from_boxed(Box::new(error))
    }
}

/// For functions that fail with a boxed error, such as the streams of `http` bodies.
impl From<Error> for Box<dyn StdError> {
    fn from(error: Error) -> Self {
        Box::new(Boxed(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if f.alternate() { usize::MAX } else { 1 };
        for (position, message) in self.messages().take(shown).enumerate() {
            if position > 0 {
                f.write_str(": ")?;
            }
            write!(f, "{message}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut causes = self.messages().skip(1).peekable();
        if causes.peek().is_some() {
            f.write_str("\n\nCaused by:")?;
        }
        for cause in causes {
            write!(f, "\n    {cause}")?;
        }
        write!(f, "\n\nat {}", self.0.location)
    }
}

/// An answer in the form of an error: `HTTPError` of Tornado.
///
/// The client is told the status and the [reason](Self::with_reason); the [log message](Self::with_log_message) it
/// never sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HTTPError {
    status: StatusCode,
    reason: Option<Cow<'static, str>>,
    log_message: Option<Cow<'static, str>>,
}

impl HTTPError {
    /// An error of this status, with the status' own reason ("Not Found") and no log message.
    pub const fn new(status: StatusCode) -> Self {
        Self { status, reason: None, log_message: None }
    }

    /// The text the client reads behind the status. It is escaped where the page needs it, and never part of the
    /// status line.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// A text for the log, which the client never sees. Below status 500 it is logged as a warning.
    #[must_use]
    pub fn with_log_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.log_message = Some(message.into());
        self
    }

    /// The status of the answer.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The text for the client: the given one, else the status' own, else "Unknown".
    pub fn reason(&self) -> &str {
        match &self.reason {
            Some(reason) => reason,
            None => self.status.canonical_reason().unwrap_or("Unknown"),
        }
    }

    /// The text for the log.
    pub fn log_message(&self) -> Option<&str> {
        self.log_message.as_deref()
    }
}

impl From<StatusCode> for HTTPError {
    fn from(status: StatusCode) -> Self {
        Self::new(status)
    }
}

/// As Tornado prints it: `HTTP 404: Not Found (no such entry)`. With the log message, so not for clients.
impl fmt::Display for HTTPError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}: {}", self.status.as_u16(), self.reason())?;
        match &self.log_message {
            Some(message) => write!(f, " ({message})"),
            None => Ok(()),
        }
    }
}

impl StdError for HTTPError {}

/// Adds to a failure what was being done, or the status it stands for.
///
/// ```
/// use gustnado::{Result, StatusCode, WithContext};
///
/// fn entry<'a>(entries: &[&'a str], id: usize) -> Result<&'a str> {
///     entries.get(id).copied().with_status(StatusCode::NOT_FOUND)
/// }
///
/// assert_eq!(entry(&[], 1).unwrap_err().status(), StatusCode::NOT_FOUND);
/// ```
pub trait WithContext<T>: Sized {
    /// Says what was being done.
    fn context(self, context: impl Into<Cow<'static, str>>) -> Result<T>;

    /// Says what was being done; the text is made only after a failure.
    fn with_context<C: Into<Cow<'static, str>>>(self, context: impl FnOnce() -> C) -> Result<T>;

    /// Makes a failure an answer of this status. The cause is logged only from 500 on.
    fn with_status(self, status: StatusCode) -> Result<T>;
}

// `map_err` would name a place inside this file: `track_caller` does not reach into closures.
impl<T, E: Into<Error>> WithContext<T> for Result<T, E> {
    #[track_caller]
    fn context(self, context: impl Into<Cow<'static, str>>) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into().context(context)),
        }
    }

    #[track_caller]
    fn with_context<C: Into<Cow<'static, str>>>(self, context: impl FnOnce() -> C) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into().context(context())),
        }
    }

    #[track_caller]
    fn with_status(self, status: StatusCode) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into().with_status(status)),
        }
    }
}

impl<T> WithContext<T> for Option<T> {
    #[track_caller]
    fn context(self, context: impl Into<Cow<'static, str>>) -> Result<T> {
        match self {
            Some(value) => Ok(value),
            None => Err(Error::msg(context)),
        }
    }

    #[track_caller]
    fn with_context<C: Into<Cow<'static, str>>>(self, context: impl FnOnce() -> C) -> Result<T> {
        match self {
            Some(value) => Ok(value),
            None => Err(Error::msg(context())),
        }
    }

    #[track_caller]
    fn with_status(self, status: StatusCode) -> Result<T> {
        match self {
            Some(value) => Ok(value),
            None => Err(HTTPError::new(status).into()),
        }
    }
}

/// The status and reason of an error that has a meaning in HTTP. What a broken rule of the protocol is answered with is
/// decided where the rules are.
fn answer_of<'e>(cause: &'e (dyn StdError + 'static)) -> Option<(StatusCode, Cow<'e, str>)> {
    if let Some(error) = cause.downcast_ref::<HTTPError>() {
        return Some((error.status(), error.reason().into()));
    }
    if let Some(error) = cause.downcast_ref::<Violation>() {
        return Some((error.status(), error.to_string().into()));
    }
    if cause.is::<MultipartError>() {
        return Some((StatusCode::BAD_REQUEST, cause.to_string().into()));
    }
    if cause.is::<Refusal>() {
        return Some((StatusCode::SERVICE_UNAVAILABLE, cause.to_string().into()));
    }
    let error = cause.downcast_ref::<BodyError>()?;
    Some((error.status(), error.to_string().into()))
}

/// An error with nothing but a text.
#[derive(Debug)]
struct Message(Cow<'static, str>);

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Message {}

/// [`Error`] as a standard error. It cannot be one itself, or `From` for every standard error would apply to it.
struct Boxed(Error);

impl fmt::Debug for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for Boxed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // Its own messages include the context, so with context the cause is one step further down.
        if self.0.0.context.is_empty() { self.0.0.cause.source() } else { Some(&*self.0.0.cause) }
    }
}

const _: () = assert!(size_of::<Result>() == size_of::<usize>());

#[cfg(test)]
mod tests;
