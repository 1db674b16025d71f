//! Reading.

use super::{Buffer, IOStream, Inner, StreamError};
use crate::ioloop::Side;
use memchr::memmem;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

/// So many reads may follow each other without a wait; then others have a turn. They fill a few hundred kilobytes.
const READS_PER_TURN: u8 = 32;

impl IOStream {
    /// Reads until `delimiter`, and returns everything up to and including it.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] if the stream closes before; [`StreamError::BufferFull`] if the delimiter does not come within
    /// the [maximal buffer size](Self::set_max_buffer_size), which also closes the stream.
    pub async fn read_until(&self, delimiter: &[u8]) -> Result<Vec<u8>, StreamError> {
        self.read_until_within(delimiter, usize::MAX).await
    }

    /// Reads until `delimiter`, which must end within `max_bytes`.
    ///
    /// # Errors
    ///
    /// As [`read_until`](Self::read_until); and when the delimiter does not come in time, the stream is closed and the error is
    /// [`StreamError::Closed`], as in Tornado.
    pub async fn read_until_within(
        &self,
        delimiter: &[u8],
        max_bytes: usize,
    ) -> Result<Vec<u8>, StreamError> {
        let _reading = self.begin_read()?;
        // Where no delimiter begins; looked at once only, so that slow senders cost no more than fast ones.
        let mut searched = 0;
        loop {
            let (found, pending) = {
                let incoming = self.shared.incoming.borrow();
                let bytes = incoming.as_ref().map_or(&[][..], Buffer::bytes);
                let found = memmem::find(&bytes[searched..], delimiter);
                (found.map(|at| searched + at + delimiter.len()), bytes.len())
            };
            if found.unwrap_or(pending) > max_bytes {
                tracing::info!(
                    target: "gustnado.general",
                    "Unsatisfiable read, closing connection: delimiter not found within {max_bytes} bytes"
                );
                self.shared.close(None);
                return Err(self.shared.closed_error());
            }
            if let Some(end) = found {
                return Ok(self.shared.take(end));
            }
            searched = (pending + 1).saturating_sub(delimiter.len().max(1));
            self.read_more().await?;
        }
    }

    /// Reads exactly `count` bytes.
    ///
    /// # Errors
    ///
    /// As [`read_until`](Self::read_until).
    pub async fn read_bytes(&self, count: usize) -> Result<Vec<u8>, StreamError> {
        let _reading = self.begin_read()?;
        while self.shared.pending() < count {
            self.read_more().await?;
        }
        Ok(self.shared.take(count))
    }

    /// Reads what is there, at least one byte and at most `max_count`; waits if there is nothing.
    ///
    /// # Errors
    ///
    /// As [`read_until`](Self::read_until).
    pub async fn read_partial(&self, max_count: usize) -> Result<Vec<u8>, StreamError> {
        let _reading = self.begin_read()?;
        while self.shared.pending() == 0 && max_count > 0 {
            self.read_more().await?;
        }
        Ok(self.shared.take(max_count.min(self.shared.pending())))
    }

    /// Reads everything until the other side closes. What is buffered can be read even when the stream is closed already.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] with the real error if the connection broke; [`StreamError::BufferFull`].
    pub async fn read_until_close(&self) -> Result<Vec<u8>, StreamError> {
        let _reading = self.begin_read()?;
        loop {
            match self.read_more().await {
                Ok(()) => {}
                Err(StreamError::Closed(None)) => {
                    return Ok(self.shared.take(self.shared.pending()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn begin_read(&self) -> Result<Reading<'_>, StreamError> {
        if self.shared.reading.replace(true) {
            return Err(StreamError::AlreadyReading);
        }
        Ok(Reading(&self.shared))
    }

    /// Reads more into the buffer; at the end of the stream, closes it.
    async fn read_more(&self) -> Result<(), StreamError> {
        if poll_fn(|cx| self.shared.poll_fill(cx)).await? > 0 {
            return Ok(());
        }
        self.shared.close(None);
        Err(self.shared.closed_error())
    }

    /// Reads once into the buffer: the number of bytes, or 0 when the other side will send nothing more.
    pub(crate) fn poll_fill(&self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        self.shared.poll_fill(cx)
    }

    /// Whether a read would find something, as far as the loop has heard.
    pub(crate) fn is_readable(&self) -> bool {
        self.shared.link.borrow().as_ref().is_none_or(|link| link.registration.is_ready(Side::Read))
    }

    /// Shows what is pending.
    pub(crate) fn peek<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        look(self.shared.incoming.borrow().as_ref().map_or(&[], Buffer::bytes))
    }

    /// Forgets the first `count` pending bytes.
    pub(crate) fn consume(&self, count: usize) {
        self.shared.consume(count);
    }

    /// Takes bytes as if they had been read.
    #[cfg(test)]
    pub(crate) fn receive(&self, bytes: &[u8]) {
        self.shared.incoming.borrow_mut().get_or_insert_with(Buffer::lend).extend(bytes);
    }
}

/// Marks the stream as being read from, until it is dropped.
struct Reading<'a>(&'a Inner);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.reading.set(false);
        if let Some(watcher) = self.0.watcher.take() {
            watcher.wake();
        }
    }
}

impl Inner {
    fn pending(&self) -> usize {
        self.incoming.borrow().as_ref().map_or(0, Buffer::len)
    }

    /// Takes the first `count` pending bytes out of the buffer.
    fn take(&self, count: usize) -> Vec<u8> {
        let bytes = match &*self.incoming.borrow() {
            Some(buffer) => buffer.bytes()[..count].to_vec(),
            None => Vec::new(),
        };
        self.consume(count);
        bytes
    }

    /// Forgets the first `count` pending bytes, and gives an empty buffer back to the thread.
    fn consume(&self, count: usize) {
        let mut incoming = self.incoming.borrow_mut();
        if let Some(buffer) = &mut *incoming {
            buffer.consume(count);
            if buffer.is_empty() {
                *incoming = None;
            }
        }
    }

    pub(super) fn poll_fill(&self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        let error = {
            let link = self.link.borrow();
            let Some(link) = &*link else { return Poll::Ready(Err(self.closed_error())) };
            loop {
                if self.ended.get() {
                    return Poll::Ready(Ok(0));
                }
                ready!(link.registration.poll(Side::Read, cx));
                if self.reads.get() == READS_PER_TURN {
                    self.reads.set(0);
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                let mut incoming = self.incoming.borrow_mut();
                let buffer = incoming.get_or_insert_with(Buffer::lend);
                if buffer.len() >= self.max_buffer_size.get() {
                    break None;
                }
                let room = buffer.room();
                let size = room.len();
                match link.transport.read(room) {
                    Ok(0) => self.ended.set(true),
                    Ok(count) => {
                        buffer.fill(count);
                        if count < size {
                            // A short read has emptied the socket; asking again would only be told so.
                            link.registration.clear(Side::Read);
                            self.reads.set(0);
                        } else {
                            self.reads.set(self.reads.get() + 1);
                        }
                        return Poll::Ready(Ok(count));
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        link.registration.clear(Side::Read);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => break Some(error),
                }
                if buffer.is_empty() {
                    *incoming = None;
                }
            }
        };
        let Some(error) = error else {
            tracing::error!(target: "gustnado.general", "Reached maximum read buffer size");
            self.close(None);
            return Poll::Ready(Err(StreamError::BufferFull));
        };
        self.close(Some(error));
        Poll::Ready(Err(self.closed_error()))
    }
}
