//! Why a stream has nothing more to say.

use std::fmt;
use std::io;
use std::sync::Arc;

/// Why a read or a write of a stream failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StreamError {
    /// The stream is closed: Tornado's `StreamClosedError`, with its `real_error`, if it was an error that closed it.
    Closed(Option<Arc<io::Error>>),
    /// More is buffered than the stream allows: Tornado's `StreamBufferFullError`. A stream whose read buffer overflows is
    /// closed.
    BufferFull,
    /// Another coroutine is reading from the stream.
    AlreadyReading,
}

impl StreamError {
    /// The error that closed the stream, if it was one.
    pub fn real_error(&self) -> Option<&io::Error> {
        match self {
            Self::Closed(error) => error.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(None) => f.write_str("Stream is closed"),
            Self::Closed(Some(error)) => write!(f, "Stream is closed: {error}"),
            Self::BufferFull => f.write_str("Reached maximum buffer size"),
            Self::AlreadyReading => f.write_str("Already reading"),
        }
    }
}

impl std::error::Error for StreamError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.real_error().map(|error| error as _)
    }
}

impl From<StreamError> for io::Error {
    fn from(error: StreamError) -> Self {
        let kind = match &error {
            StreamError::Closed(Some(real)) => real.kind(),
            StreamError::Closed(None) => io::ErrorKind::BrokenPipe,
            StreamError::BufferFull => io::ErrorKind::OutOfMemory,
            StreamError::AlreadyReading => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// Whether an error says no more than that the other side is gone, which is nothing to log.
pub(super) fn is_quiet(error: &io::Error) -> bool {
    // What a stranger does wrong with TLS is told to who uses the stream.
    #[cfg(feature = "tls")]
    if let Some(inner) = error.get_ref()
        && inner.is::<crate::tls::TLSError>()
    {
        return true;
    }
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut};
    matches!(error.kind(), ConnectionReset | ConnectionAborted | BrokenPipe | TimedOut)
}
