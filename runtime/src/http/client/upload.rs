//! The body of a request on its way out.

use super::errors::HTTPClientError;
use crate::http::{ByteStream, LAST_CHUNK, write_chunk_size};
use crate::iostream::{IOStream, Write};
use bytes::Bytes;
use futures_core::Stream;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A body that is produced while it is sent, no faster than the server takes it.
pub(super) struct Upload {
    body: ByteStream,
    /// How many bytes are still promised; `None` if the body is sent in chunks.
    left: Option<u64>,
    /// The piece that is on its way.
    write: Option<Write>,
    ended: bool,
}

impl Upload {
    pub(super) fn new(body: ByteStream) -> Self {
        let left = body.length();
        Self { body, left, write: None, ended: false }
    }

    /// Sends what the body yields; ready when it has ended, and everything has reached the system.
    pub(super) fn poll(
        &mut self,
        stream: &IOStream,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), HTTPClientError>> {
        loop {
            if let Some(write) = &mut self.write {
                ready!(Pin::new(write).poll(cx))?;
                self.write = None;
            }
            if self.ended {
                return Poll::Ready(Ok(()));
            }
            match ready!(Pin::new(&mut self.body).poll_next(cx)) {
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

#[cold]
fn wrong_length() -> HTTPClientError {
    let text = "it has another length than promised";
    HTTPClientError::Body(Box::new(io::Error::new(io::ErrorKind::InvalidInput, text)))
}
