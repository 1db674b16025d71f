//! The body of a request on its way out, if it does not leave with the head.

use super::errors::HTTPClientError;
use crate::coroutine::{Sleep, sleep};
use crate::http::{ByteStream, LAST_CHUNK, write_chunk_size};
use crate::iostream::{IOStream, Write};
use bytes::Bytes;
use futures_core::Stream;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A body that is sent no faster than the server takes it.
pub(super) struct Upload {
    source: Source,
    /// How many bytes are still promised; `None` if the body is sent in chunks.
    left: Option<u64>,
    /// Some while the server has not said that it wants the body.
    hesitation: Option<Sleep>,
    /// The piece that is on its way.
    write: Option<Write>,
    ended: bool,
}

enum Source {
    Whole(Bytes),
    Stream(ByteStream),
}

/// So long a server may take to say `100 Continue`; there are some that never do. RFC 9110 §10.1.1 leaves it to us, and curl takes
/// as long.
const HESITATION: Duration = Duration::from_secs(1);

impl Upload {
    /// A body that is produced while it is sent.
    pub(super) fn stream(body: ByteStream) -> Self {
        let left = body.length();
        Self::new(Source::Stream(body), left)
    }

    /// A body that is there.
    pub(super) fn whole(body: Bytes) -> Self {
        let left = Some(body.len() as u64);
        Self::new(Source::Whole(body), left)
    }

    fn new(source: Source, left: Option<u64>) -> Self {
        Self { source, left, hesitation: None, write: None, ended: false }
    }

    /// Waits until the server says that it wants the body, for a while.
    pub(super) fn hesitate(mut self) -> Self {
        self.hesitation = Some(sleep(HESITATION));
        self
    }

    /// The server wants the body.
    pub(super) fn proceed(&mut self) {
        self.hesitation = None;
    }

    /// Sends the body; ready when all of it has reached the system.
    pub(super) fn poll(
        &mut self,
        stream: &IOStream,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), HTTPClientError>> {
        if let Some(hesitation) = &mut self.hesitation {
            ready!(Pin::new(hesitation).poll(cx));
            self.hesitation = None;
        }
        loop {
            if let Some(write) = &mut self.write {
                ready!(Pin::new(write).poll(cx))?;
                self.write = None;
            }
            if self.ended {
                return Poll::Ready(Ok(()));
            }
            match ready!(self.source.poll_next(cx)) {
                Some(Ok(bytes)) => self.write = self.send(stream, bytes)?,
                Some(Err(error)) => return Poll::Ready(Err(HTTPClientError::Body(error))),
                None => {
                    self.ended = true;
                    self.write = match self.left {
                        None => Some(stream.write(LAST_CHUNK)),
                        Some(0) => None,
                        Some(_) => return Poll::Ready(Err(wrong_length())),
                    };
                }
            }
        }
    }

    fn send(&mut self, stream: &IOStream, bytes: Bytes) -> Result<Option<Write>, HTTPClientError> {
        // An empty chunk would end the body.
        if bytes.is_empty() {
            return Ok(None);
        }
        let length = bytes.len() as u64;
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(length).ok_or_else(wrong_length)?;
            return Ok(Some(stream.write_bytes(bytes)));
        }
        let mut line = Vec::with_capacity(20);
        write_chunk_size(length, &mut line);
        drop(stream.write_both(&line, bytes));
        Ok(Some(stream.write(b"\r\n")))
    }
}

impl Source {
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn std::error::Error>>>> {
        match self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Self::Stream(stream) => Pin::new(stream).poll_next(cx),
        }
    }
}

#[cold]
fn wrong_length() -> HTTPClientError {
    let text = "it has another length than promised";
    HTTPClientError::Body(Box::new(io::Error::new(io::ErrorKind::InvalidInput, text)))
}
