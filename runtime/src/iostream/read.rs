//! Reading.

use super::buffer::BLOCK;
use super::{Buffer, DEFAULT_MAX_BUFFER_SIZE, IOStream, Inner, Link, StreamError};
use crate::ioloop::Side;
use futures_core::Stream;
use memchr::memmem;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// So many reads may follow each other without a wait; then others have a turn. They fill a few hundred kilobytes: a larger read counts
/// for several.
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
        // Where no delimiter begins; looked at once only, so that slow senders cost no more than fast ones.
        let mut searched = 0;
        let find = |bytes: &[u8]| {
            let found = memmem::find(&bytes[searched..], delimiter);
            let end = found.map(|at| searched + at + delimiter.len());
            searched = (bytes.len() + 1).saturating_sub(delimiter.len().max(1));
            end
        };
        self.read_until_found(max_bytes, find).await
    }

    /// Reads until `regex` matches, and returns everything up to the match's end, which must be within `max_bytes`.
    ///
    /// What is there is searched again from its beginning whenever more has come, as a match may begin anywhere; so give a limit
    /// that such searches can bear.
    ///
    /// ```
    /// # async fn example(stream: gustnado::iostream::IOStream) -> Result<(), gustnado::iostream::StreamError> {
    /// let blank_line = regex::bytes::Regex::new(r"\r?\n\r?\n").unwrap();
    /// let head = stream.read_until_regex(&blank_line, 65_536).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`read_until_within`](Self::read_until_within).
    #[cfg(feature = "regex")]
    pub async fn read_until_regex(
        &self,
        regex: &regex::bytes::Regex,
        max_bytes: usize,
    ) -> Result<Vec<u8>, StreamError> {
        self.read_until_found(max_bytes, |bytes| regex.find(bytes).map(|found| found.end())).await
    }

    /// Reads until `find` tells where to end.
    async fn read_until_found(
        &self,
        max_bytes: usize,
        mut find: impl FnMut(&[u8]) -> Option<usize>,
    ) -> Result<Vec<u8>, StreamError> {
        let _reading = self.begin_read()?;
        loop {
            let (found, pending) = self.peek(|bytes| (find(bytes), bytes.len()));
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

    /// Fills all of `into`. What is not pending already is read right into it, without a copy.
    ///
    /// If it is dropped before, or fails, what it has read is in `into`, and lost to other reads; [`read_bytes`](Self::read_bytes)
    /// loses nothing.
    ///
    /// # Errors
    ///
    /// As [`read_until`](Self::read_until).
    pub async fn read_into(&self, into: &mut [u8]) -> Result<(), StreamError> {
        let mut filled = 0;
        while filled < into.len() {
            filled += self.read_into_partial(&mut into[filled..]).await?;
        }
        Ok(())
    }

    /// Reads what is there into `into`, and returns how many bytes that were: at least one, unless `into` is empty.
    ///
    /// # Errors
    ///
    /// As [`read_until`](Self::read_until).
    pub async fn read_into_partial(&self, into: &mut [u8]) -> Result<usize, StreamError> {
        let _reading = self.begin_read()?;
        if into.is_empty() {
            return Ok(0);
        }
        let count = poll_fn(|cx| self.shared.poll_read(cx, into)).await?;
        self.ended(count)
    }

    /// What comes, as it comes, until the other side closes; the streaming form of [`read_until_close`](Self::read_until_close).
    ///
    /// Nothing is buffered beyond one piece, so a slow reader makes the sender wait.
    ///
    /// ```
    /// # async fn example(stream: gustnado::iostream::IOStream) -> Result<(), gustnado::iostream::StreamError> {
    /// let mut chunks = stream.chunks();
    /// let mut size = 0;
    /// while let Some(chunk) = chunks.next().await {
    ///     size += chunk?.len();
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn chunks(&self) -> Chunks<'_> {
        Chunks { stream: self, ended: false }
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
                Ok(_) => {}
                Err(StreamError::Closed(None)) => {
                    return Ok(self.shared.take(self.shared.pending()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn begin_read(&self) -> Result<Reading<'_>, StreamError> {
        if self.shared.reading.replace(true) {
            return Err(StreamError::AlreadyReading);
        }
        Ok(Reading(&self.shared))
    }

    /// Reads more into the buffer; at the end of the stream, closes it.
    async fn read_more(&self) -> Result<usize, StreamError> {
        let count = poll_fn(|cx| self.shared.poll_fill(cx)).await?;
        self.ended(count)
    }

    /// Closes the stream if a read has found its end.
    fn ended(&self, count: usize) -> Result<usize, StreamError> {
        if count == 0 {
            self.shared.close(None);
            return Err(self.shared.closed_error());
        }
        Ok(count)
    }

    /// Reads once into the buffer: the number of bytes, or 0 when the other side will send nothing more.
    pub(crate) fn poll_fill(&self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        self.shared.poll_fill(cx)
    }

    /// Reads once into `room`, which is not empty, past the buffer if nothing is pending there; 0 is the end.
    #[cfg(feature = "websocket")]
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<Result<usize, StreamError>> {
        self.shared.poll_read(cx, room)
    }

    /// Whether a read would find something, as far as the loop has heard.
    pub(crate) fn is_readable(&self) -> bool {
        self.shared.link.borrow().as_ref().is_none_or(|link| link.registration.is_ready(Side::Read))
    }

    /// Shows what is pending. To whom it is shown, the stream is empty meanwhile.
    pub(crate) fn peek<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        self.shared.peek(look)
    }

    /// Shows what is pending, and forgets as many of the first bytes as `look` says. To whom it is shown, the stream is empty
    /// meanwhile.
    pub(crate) fn digest<T>(&self, look: impl FnOnce(&[u8]) -> (T, usize)) -> T {
        self.shared.digest(look)
    }

    /// Forgets the first `count` pending bytes.
    pub(crate) fn consume(&self, count: usize) {
        self.shared.digest(|_| ((), count));
    }

    /// Takes bytes as if they had been read.
    #[cfg(test)]
    pub(crate) fn receive(&self, bytes: &[u8]) {
        let mut buffer = self.shared.incoming.take().unwrap_or_else(Buffer::lend);
        buffer.extend(bytes);
        self.shared.keep(buffer);
    }
}

/// What a stream receives, piece by piece; see [`IOStream::chunks`].
#[derive(Debug)]
#[must_use = "nothing is read until it is asked for"]
pub struct Chunks<'a> {
    stream: &'a IOStream,
    ended: bool,
}

impl Chunks<'_> {
    /// The next piece, or `None` when the other side has closed.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] with the real error if the connection broke; nothing comes after it.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, StreamError>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>, StreamError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let shared = &self.stream.shared;
        if shared.pending() == 0 {
            let _reading = match self.stream.begin_read() {
                Ok(reading) => reading,
                Err(error) => return Poll::Ready(Some(Err(error))),
            };
            let read = ready!(shared.poll_fill(cx)).and_then(|count| self.stream.ended(count));
            if let Err(error) = read {
                self.ended = true;
                return Poll::Ready(match error {
                    StreamError::Closed(None) => None,
                    error => Some(Err(error)),
                });
            }
        }
        Poll::Ready(Some(Ok(shared.take(shared.pending()))))
    }
}

impl Stream for Chunks<'_> {
    type Item = Result<Vec<u8>, StreamError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx)
    }
}

/// Marks the stream as being read from, until it is dropped.
pub(super) struct Reading<'a>(&'a Inner);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.reading.set(false);
        if let Some(watcher) = self.0.rare.get().and_then(|rare| rare.watcher.take()) {
            watcher.wake();
        }
    }
}

impl Inner {
    fn pending(&self) -> usize {
        self.peek(<[u8]>::len)
    }

    /// Shows what is pending.
    fn peek<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        let buffer = self.incoming.take();
        let seen = look(buffer.as_ref().map_or(&[], Buffer::bytes));
        self.incoming.set(buffer);
        seen
    }

    /// Shows what is pending, and forgets as many of the first bytes as `look` says.
    fn digest<T>(&self, look: impl FnOnce(&[u8]) -> (T, usize)) -> T {
        let Some(mut buffer) = self.incoming.take() else { return look(&[]).0 };
        let (seen, count) = look(buffer.bytes());
        buffer.consume(count);
        self.keep(buffer);
        seen
    }

    /// Takes the first `count` pending bytes out of the buffer.
    fn take(&self, count: usize) -> Vec<u8> {
        self.digest(|bytes| (bytes[..count].to_vec(), count))
    }

    /// Keeps what is pending; gives an empty buffer back to the thread.
    fn keep(&self, buffer: Buffer) {
        if buffer.is_empty() {
            buffer.give_back();
        } else {
            self.incoming.set(Some(buffer));
        }
    }

    fn max_buffer_size(&self) -> usize {
        self.rare.get().map_or(DEFAULT_MAX_BUFFER_SIZE, |rare| rare.max_buffer_size.get())
    }

    /// Reads once into the buffer.
    pub(super) fn poll_fill(&self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        self.poll_receive(cx, |link| {
            let mut buffer = self.incoming.take().unwrap_or_else(|| match self.reads.get() {
                0 => Buffer::lend(),
                // The last read has left something behind.
                _ => Buffer::lend_large(),
            });
            let received = if buffer.len() < self.max_buffer_size() {
                self.receive(link, buffer.room()).map_err(Some)
            } else {
                Err(None)
            };
            buffer.fill(*received.as_ref().unwrap_or(&0));
            self.keep(buffer);
            received
        })
    }

    /// Reads into `room`, which is not empty: what is pending, or else from the socket. 0 is the end.
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<Result<usize, StreamError>> {
        let pending = self.digest(|bytes| {
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            (count, count)
        });
        if pending > 0 {
            return Poll::Ready(Ok(pending));
        }
        self.poll_receive(cx, |link| self.receive(link, room).map_err(Some))
    }

    /// Calls `receive` when there is something to read, until it has read; `None` from it means that there is no room.
    fn poll_receive(
        &self,
        cx: &mut Context<'_>,
        mut receive: impl FnMut(&Link) -> Result<usize, Option<io::Error>>,
    ) -> Poll<Result<usize, StreamError>> {
        let error = {
            let link = self.link.borrow();
            let Some(link) = &*link else { return Poll::Ready(Err(self.closed_error())) };
            #[cfg(feature = "tls")]
            ready!(link.poll_secured(cx));
            loop {
                if self.ended.get() {
                    return Poll::Ready(Ok(0));
                }
                ready!(link.registration.poll(Side::Read, cx));
                if self.reads.get() >= READS_PER_TURN {
                    self.reads.set(0);
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                match receive(link) {
                    Ok(0) => self.ended.set(true),
                    Ok(count) => return Poll::Ready(Ok(count)),
                    Err(Some(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(Some(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => break error,
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

    /// One read from the socket, and what it says of the next one.
    fn receive(&self, link: &Link, room: &mut [u8]) -> io::Result<usize> {
        let size = room.len();
        let received = link.transport.read(room);
        match &received {
            // A short read has emptied the socket; asking again would only be told so.
            Ok(count) if *count > 0 && link.transport.is_empty_after_short_read(*count < size) => {
                link.registration.clear(Side::Read);
                self.reads.set(0);
            }
            Ok(count) => {
                let reads = u8::try_from(count.div_ceil(BLOCK)).unwrap_or(READS_PER_TURN);
                self.reads.set(self.reads.get().saturating_add(reads));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                link.registration.clear(Side::Read);
            }
            // Records of TLS in which nothing was for the reader.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                self.reads.set(self.reads.get() + 1);
            }
            Err(_) => {}
        }
        received
    }
}
