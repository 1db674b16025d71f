//! Why a fetch has no response.

use super::response::HTTPResponse;
use super::violation::ResponseViolation;
use crate::http::{InvalidHeader, Violation};
use crate::iostream::StreamError;
#[cfg(feature = "tls")]
use crate::tls::TLSError;
use ::http::Method;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// Why a fetch failed: Tornado's `HTTPClientError` and its relatives.
///
/// A handler that hands it on answers 500: what another server did wrong is not the client's fault.
#[derive(Debug)]
#[non_exhaustive]
pub enum HTTPClientError {
    /// The server has answered, with a status that is no success (2xx); see
    /// [`raise_error`](super::HTTPRequest::raise_error).
    Status(HTTPResponse),
    /// The request cannot be sent as it is. Nothing was.
    Invalid(InvalidRequest),
    /// It took too long, in this phase. Tornado's `HTTPTimeoutError`.
    Timeout(Phase),
    /// The host's name has no address.
    Resolve(io::Error),
    /// No address of the host accepts a connection.
    Connect(io::Error),
    /// The connection to the server, or to the proxy's end of it, cannot be secured: its certificate is not to be trusted, or ours, or
    /// they have nothing in common.
    #[cfg(feature = "tls")]
    TLS(TLSError),
    /// The connection ended before the response was complete, with this error, if it was one. Tornado's
    /// `HTTPStreamClosedError`.
    Closed(Option<Arc<io::Error>>),
    /// The response breaks a rule of the protocol, or a limit.
    Violation(ResponseViolation),
    /// The stream that produces the request's body failed.
    Body(Box<dyn Error>),
    /// The response is compressed, and cannot be decompressed.
    Decompress(io::Error),
    /// The client was [closed](super::AsyncHTTPClient::close).
    ClientClosed,
}

impl HTTPClientError {
    /// The status of the response; 599 if there is none, as in Tornado.
    pub fn code(&self) -> u16 {
        self.response().map_or(599, HTTPResponse::code)
    }

    /// The response, if it is its status that made this an error.
    pub fn response(&self) -> Option<&HTTPResponse> {
        match self {
            Self::Status(response) => Some(response),
            _ => None,
        }
    }

    /// Whether a deadline has passed, in whichever phase.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }
}

impl fmt::Display for HTTPClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(response) => write!(f, "HTTP {}: {}", response.code(), response.reason()),
            Self::Invalid(problem) => problem.fmt(f),
            Self::Timeout(phase) => phase.fmt(f),
            Self::Resolve(error) => write!(f, "cannot resolve the host: {error}"),
            Self::Connect(error) => write!(f, "cannot connect: {error}"),
            #[cfg(feature = "tls")]
            Self::TLS(error) => write!(f, "cannot secure the connection: {error}"),
            Self::Closed(None) => f.write_str("Connection closed"),
            Self::Closed(Some(error)) => write!(f, "Connection closed: {error}"),
            Self::Violation(violation) => violation.fmt(f),
            Self::Body(error) => write!(f, "the body of the request failed: {error}"),
            Self::Decompress(error) => write!(f, "cannot decompress the response: {error}"),
            Self::ClientClosed => f.write_str("fetch() called on closed AsyncHTTPClient"),
        }
    }
}

impl Error for HTTPClientError {
    /// The system's error, if there is one. A violation is no source: it would pass for one of the request that is being handled.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Resolve(error) | Self::Connect(error) | Self::Decompress(error) => Some(error),
            Self::Closed(Some(error)) => Some(&**error),
            #[cfg(feature = "tls")]
            Self::TLS(error) => Some(error),
            _ => None,
        }
    }
}

impl From<InvalidRequest> for HTTPClientError {
    fn from(problem: InvalidRequest) -> Self {
        Self::Invalid(problem)
    }
}

impl From<ResponseViolation> for HTTPClientError {
    fn from(violation: ResponseViolation) -> Self {
        Self::Violation(violation)
    }
}

impl From<Violation> for HTTPClientError {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation.into())
    }
}

impl From<StreamError> for HTTPClientError {
    fn from(error: StreamError) -> Self {
        match error {
            #[cfg(feature = "tls")]
            StreamError::Closed(error) => match TLSError::of(error) {
                TLSError::Closed(error) => Self::Closed(error),
                // It has broken, as any other can.
                error @ TLSError::Truncated => Self::Closed(Some(Arc::new(error.into()))),
                error => Self::TLS(error),
            },
            #[cfg(not(feature = "tls"))]
            StreamError::Closed(error) => Self::Closed(error),
            // The client keeps its limits itself, and reads alone; so this is the stream's last resort.
            StreamError::BufferFull | StreamError::AlreadyReading => {
                Self::Closed(Some(Arc::new(io::Error::other(error))))
            }
        }
    }
}

/// What a fetch was doing when its time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Waiting for its turn, because as many others as allowed were under way.
    Queue,
    /// Looking up the host's name.
    Resolve,
    /// Connecting.
    Connect,
    /// Sending the request, or waiting for the response or its end.
    Request,
}

/// Tornado's messages.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queue => "Timeout in request queue",
            Self::Resolve => "Timeout while resolving",
            Self::Connect => "Timeout while connecting",
            Self::Request => "Timeout during request",
        })
    }
}

/// Why a request cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRequest {
    /// The URL does not begin with `http://` or `https://`.
    Scheme,
    /// The URL has no host, or a malformed one. Names beyond ASCII must be given in Punycode.
    Host,
    /// The URL has a control character, or malformed user information.
    URL,
    /// A header that cannot be sent.
    Header(InvalidHeader),
    /// A method outside of RFC 9110's and PATCH, without
    /// [`allow_nonstandard_methods`](super::HTTPRequest::allow_nonstandard_methods); CONNECT in any case.
    Method(Method),
    /// POST, PUT or PATCH without a body, without
    /// [`allow_nonstandard_methods`](super::HTTPRequest::allow_nonstandard_methods). An empty body is one.
    BodyMissing(Method),
    /// A body with another method, without
    /// [`allow_nonstandard_methods`](super::HTTPRequest::allow_nonstandard_methods).
    BodyUnexpected(Method),
    /// A value that has no form in JSON or as a form.
    Value(Cow<'static, str>),
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNLESS: &str = "(unless allow_nonstandard_methods is true)";
        match self {
            Self::Scheme => f.write_str("the URL is neither http:// nor https://"),
            Self::Host => f.write_str("malformed host in the URL"),
            Self::URL => f.write_str("malformed URL"),
            Self::Header(error) => error.fmt(f),
            Self::Method(method) => write!(f, "unknown method {method}"),
            Self::BodyMissing(method) => {
                write!(f, "Body must not be None for method {method} {UNLESS}")
            }
            Self::BodyUnexpected(method) => {
                write!(f, "Body must be None for method {method} {UNLESS}")
            }
            Self::Value(error) => f.write_str(error),
        }
    }
}

impl Error for InvalidRequest {}

impl From<InvalidHeader> for InvalidRequest {
    fn from(error: InvalidHeader) -> Self {
        Self::Header(error)
    }
}
