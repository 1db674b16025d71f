//! Writing.

use super::{IOStream, Inner, StreamError, Transport};
use crate::ioloop::{Shared, Side, spawn};
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Pieces up to this size are put together; larger ones are sent from where they are.
const SMALL: usize = 2048;

/// So many writes may follow each other without a wait; then others have a turn.
const WRITES_PER_TURN: u8 = 32;

/// So many pieces go into one system call.
const PIECES: usize = 16;

/// So many bytes of a foreign write are taken at once, if they have to be encrypted.
#[cfg(all(feature = "tls", any(feature = "tokio", feature = "futures-io")))]
const ENCRYPTED: usize = 64 * 1024;

/// What waits to be sent, and who waits for that. Positions count bytes since the stream's beginning.
#[derive(Default)]
pub(super) struct Outgoing {
    pieces: VecDeque<Bytes>,
    /// How long they are together.
    size: usize,
    pub(super) max_size: Option<usize>,
    /// Whether a background sender is at work.
    sending: bool,
    waiting: Vec<(u64, Waker)>,
}

impl IOStream {
    /// Sends `bytes`: at once as far as the socket takes them, the rest in the background and in order. Await the result to know
    /// that all of them have reached the system, which is the back-pressure of a slow reader.
    ///
    /// ```
    /// # async fn example(stream: gustnado::iostream::IOStream) -> Result<(), gustnado::iostream::StreamError> {
    /// drop(stream.write(b"one ")); // on its way
    /// stream.write(b"two").await?; // both have been sent
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`]; [`StreamError::BufferFull`] if more than
    /// [allowed](IOStream::set_max_write_buffer_size) would wait.
    pub fn write(&self, bytes: &[u8]) -> Write {
        self.write_from(bytes, Bytes::copy_from_slice)
    }

    /// Like [`write`](Self::write), for bytes that can be shared: what has to wait is not copied.
    pub fn write_bytes(&self, bytes: Bytes) -> Write {
        let whole = bytes.clone();
        self.write_from(&bytes, |rest| whole.slice_ref(rest))
    }

    /// Like [`write`](Self::write), for bytes that lie in several places: sent with one system call, if the socket takes them.
    pub fn write_vectored(&self, pieces: &[IoSlice<'_>]) -> Write {
        let result = self.shared.write_vectored(pieces);
        self.finish_write(result)
    }

    fn write_from(&self, bytes: &[u8], keep: impl FnOnce(&[u8]) -> Bytes) -> Write {
        let result = self.shared.write(bytes, keep);
        self.finish_write(result)
    }

    fn finish_write(&self, result: Result<u64, StreamError>) -> Write {
        if result.is_ok() {
            self.keep_sending();
        }
        Write { shared: self.shared.clone(), result: result.map_err(Some), waits: false }
    }

    /// Leaves what could not be sent to the background sender.
    pub(super) fn keep_sending(&self) {
        if self.shared.rare.get().is_some_and(|rare| rare.outgoing.borrow_mut().begin()) {
            drop(spawn(send(self.shared.clone())));
        }
    }

    /// Like [`write`](Self::write), for whom the outcome does not matter.
    pub(crate) fn send(&self, bytes: &[u8]) {
        if self.shared.write(bytes, Bytes::copy_from_slice).is_ok() {
            self.keep_sending();
        }
    }

    /// Sends `first` and behind it `second`, with one system call if the socket takes both.
    pub(crate) fn write_both(&self, first: &[u8], second: Bytes) -> Write {
        let result = self.shared.write_both(first, second);
        self.finish_write(result)
    }

    /// How many bytes have reached the system since the stream's beginning.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.get()
    }

    /// How many bytes were written that have not reached the system.
    #[cfg(feature = "websocket")]
    pub(crate) fn unsent(&self) -> usize {
        self.shared.rare.get().map_or(0, |rare| rare.outgoing.borrow().size)
    }

    /// Waits until everything that was written has reached the system.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`].
    pub fn flush(&self) -> Write {
        let end = self.shared.end();
        Write { shared: self.shared.clone(), result: Ok(end), waits: false }
    }
}

/// The background sender; there is one while bytes wait.
async fn send(shared: Shared<Inner>) {
    poll_fn(|cx| shared.poll_send(cx)).await;
}

/// The future of a [write](IOStream::write): ready once its bytes have reached the system. Dropping it takes nothing back.
#[must_use = "await it for back-pressure and errors, or drop it to let the bytes go"]
pub struct Write {
    shared: Shared<Inner>,
    /// The position that must be sent, or why nothing was.
    result: Result<u64, Option<StreamError>>,
    /// Whether its waker is among those that wait.
    waits: bool,
}

impl Future for Write {
    type Output = Result<(), StreamError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, result, waits } = &mut *self;
        let position = match result {
            Ok(position) => *position,
            Err(error) => {
                return Poll::Ready(Err(error.take().unwrap_or(StreamError::Closed(None))));
            }
        };
        if shared.sent.get() >= position {
            // Who has waited has let others have a turn.
            if *waits {
                return Poll::Ready(Ok(()));
            }
            let writes = shared.writes.get();
            if writes < WRITES_PER_TURN {
                shared.writes.set(writes + 1);
                return Poll::Ready(Ok(()));
            }
            shared.writes.set(0);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if shared.closed.get() {
            return Poll::Ready(Err(shared.closed_error()));
        }
        shared.writes.set(0);
        let again = std::mem::replace(waits, true);
        shared.rare().outgoing.borrow_mut().wait_for(position, cx.waker(), again);
        Poll::Pending
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write").finish_non_exhaustive()
    }
}

impl Inner {
    /// Whether bytes wait to be sent.
    pub(super) fn is_writing(&self) -> bool {
        self.rare.get().is_some_and(|rare| !rare.outgoing.borrow().is_empty())
    }

    /// The position behind everything that was written.
    fn end(&self) -> u64 {
        let waiting = self.rare.get().map_or(0, |rare| rare.outgoing.borrow().size);
        self.sent.get() + waiting as u64
    }

    /// Sends what the socket takes now and keeps the rest; returns the position behind it.
    fn write(&self, bytes: &[u8], keep: impl FnOnce(&[u8]) -> Bytes) -> Result<u64, StreamError> {
        self.admit(bytes.len())?;
        let sent =
            self.write_now(bytes.len(), |transport, sent| transport.write(&bytes[sent..]))?;
        if sent < bytes.len() {
            self.rare().outgoing.borrow_mut().push(keep(&bytes[sent..]));
        }
        Ok(self.end())
    }

    fn write_vectored(&self, pieces: &[IoSlice<'_>]) -> Result<u64, StreamError> {
        self.admit(pieces.iter().map(|piece| piece.len()).sum())?;
        let first = &pieces[..pieces.len().min(PIECES)];
        let once = |transport: &Transport| transport.write_vectored(first);
        let mut sent = if self.is_writing() { 0 } else { self.transmit(once)?.unwrap_or(0) };
        for piece in pieces {
            let rest = &piece[sent.min(piece.len())..];
            sent -= piece.len() - rest.len();
            if !rest.is_empty() {
                self.rare().outgoing.borrow_mut().push(Bytes::copy_from_slice(rest));
            }
        }
        Ok(self.end())
    }

    fn write_both(&self, first: &[u8], second: Bytes) -> Result<u64, StreamError> {
        self.admit(first.len() + second.len())?;
        let sent = self.write_now(first.len() + second.len(), |transport, sent| {
            let in_second = sent.saturating_sub(first.len());
            let rest = [&first[sent - in_second..], &second[in_second..]];
            transport.write_vectored(&rest.map(IoSlice::new))
        })?;
        let in_second = sent.saturating_sub(first.len());
        let first = Bytes::copy_from_slice(&first[sent - in_second..]);
        for rest in [first, second.slice(in_second..)] {
            if !rest.is_empty() {
                self.rare().outgoing.borrow_mut().push(rest);
            }
        }
        Ok(self.end())
    }

    /// Says whether `size` more bytes may be written.
    fn admit(&self, size: usize) -> Result<(), StreamError> {
        if self.closed.get() {
            return Err(self.closed_error());
        }
        match self.rare.get() {
            Some(rare) => rare.outgoing.borrow().admit(size),
            None => Ok(()),
        }
    }

    /// Writes as long as the socket takes something, unless something waits already; how many of `size` bytes were sent. `write` is
    /// told how many were before.
    fn write_now(
        &self,
        size: usize,
        write: impl Fn(&Transport, usize) -> io::Result<usize>,
    ) -> Result<usize, StreamError> {
        let mut sent = 0;
        while sent < size && !self.is_writing() {
            match self.transmit(|transport| write(transport, sent))? {
                Some(count) => sent += count,
                None => break,
            }
        }
        Ok(sent)
    }

    /// Sends what the socket takes of `pieces`, if nothing waits to be sent before; how much that was.
    #[cfg(any(feature = "tokio", feature = "futures-io"))]
    pub(super) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize, StreamError>> {
        loop {
            if self.closed.get() {
                return Poll::Ready(Err(self.closed_error()));
            }
            if self.is_writing() {
                let end = self.end();
                self.rare().outgoing.borrow_mut().wait_for(end, cx.waker(), true);
                return Poll::Pending;
            }
            if let Some(link) = &*self.link.borrow() {
                #[cfg(feature = "tls")]
                std::task::ready!(link.poll_secured(cx));
                std::task::ready!(link.registration.poll(Side::Write, cx));
            }
            if self.writes.get() == WRITES_PER_TURN {
                self.writes.set(0);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            #[cfg(feature = "tls")]
            if self.link.borrow().as_ref().is_some_and(|link| link.transport.is_secure()) {
                // What was encrypted cannot be taken back, so all of it is taken; the rest waits to be sent.
                let piece = pieces.iter().find(|piece| !piece.is_empty());
                let piece = piece.map_or(&[][..], |piece| &piece[..piece.len().min(ENCRYPTED)]);
                self.write(piece, Bytes::copy_from_slice)?;
                self.writes.set(self.writes.get() + 1);
                return Poll::Ready(Ok(piece.len()));
            }
            if let Some(count) = self.transmit(|transport| transport.write_vectored(pieces))? {
                self.writes.set(self.writes.get() + 1);
                return Poll::Ready(Ok(count));
            }
        }
    }

    /// Writes once, now: how much was sent, or `None` if the socket takes nothing. An error closes the stream.
    fn transmit(
        &self,
        mut write: impl FnMut(&Transport) -> io::Result<usize>,
    ) -> Result<Option<usize>, StreamError> {
        let error = {
            let link = self.link.borrow();
            let Some(link) = &*link else { return Err(self.closed_error()) };
            if !link.transport.is_open() {
                return Ok(None);
            }
            loop {
                match write(&link.transport) {
                    Ok(count) => {
                        self.sent.set(self.sent.get() + count as u64);
                        return Ok(Some(count));
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        link.registration.clear(Side::Write);
                        return Ok(None);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => break error,
                }
            }
        };
        self.close(Some(error));
        Err(self.closed_error())
    }

    /// Sends what waits; ready when nothing does any more, or the stream is closed.
    fn poll_send(&self, cx: &mut Context<'_>) -> Poll<()> {
        let outgoing = &self.rare().outgoing;
        loop {
            let written = {
                let link = self.link.borrow();
                let Some(link) = &*link else { return Poll::Ready(()) };
                #[cfg(feature = "tls")]
                if link.poll_secured(cx).is_pending() {
                    return Poll::Pending;
                }
                if link.registration.poll(Side::Write, cx).is_pending() {
                    return Poll::Pending;
                }
                let written = outgoing.borrow().write_to(&link.transport);
                if would_block(&written) {
                    link.registration.clear(Side::Write);
                }
                written
            };
            match written {
                Ok(count) => {
                    self.sent.set(self.sent.get() + count as u64);
                    let (woken, done) = outgoing.borrow_mut().advance(count, self.sent.get());
                    woken.into_iter().for_each(Waker::wake);
                    if done {
                        return Poll::Ready(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.close(Some(error)),
            }
        }
    }
}

impl Outgoing {
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Says whether `size` more bytes may wait.
    fn admit(&self, size: usize) -> Result<(), StreamError> {
        if self.max_size.is_some_and(|max| self.size.saturating_add(size) > max) {
            return Err(StreamError::BufferFull);
        }
        Ok(())
    }

    /// Says whether a background sender must be started, which is then taken as done.
    fn begin(&mut self) -> bool {
        !self.is_empty() && !std::mem::replace(&mut self.sending, true)
    }

    fn push(&mut self, piece: Bytes) {
        self.size += piece.len();
        match self.pieces.back_mut() {
            Some(last) if last.len() + piece.len() <= SMALL => {
                *last = [&last[..], &piece[..]].concat().into();
            }
            _ => self.pieces.push_back(piece),
        }
    }

    fn write_to(&self, transport: &Transport) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); PIECES];
        let mut count = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece);
            count += 1;
        }
        transport.write_vectored(&slices[..count])
    }

    /// Wakes `waker` when everything up to `position` has been sent.
    fn wait_for(&mut self, position: u64, waker: &Waker, again: bool) {
        let waits =
            |(other, waiting): &(u64, Waker)| *other == position && waiting.will_wake(waker);
        // Only who asks again has to be looked for; thousands may wait.
        let known = match again {
            true => self.waiting.iter().any(waits),
            false => self.waiting.last().is_some_and(waits),
        };
        if !known {
            self.waiting.push((position, waker.clone()));
        }
    }

    /// Takes what waits in `other`, whose background sender has nothing left to do.
    pub(super) fn take_over(&mut self, other: &mut Self) {
        self.size += std::mem::take(&mut other.size);
        self.pieces.append(&mut other.pieces);
    }

    /// Forgets `count` bytes that were sent, up to the position `sent`: who waited for them, and whether that was all.
    fn advance(&mut self, mut count: usize, sent: u64) -> (Vec<Waker>, bool) {
        self.size -= count;
        while let Some(first) = self.pieces.front_mut() {
            if first.len() > count {
                first.advance(count);
                break;
            }
            count -= first.len();
            self.pieces.pop_front();
        }
        let done = self.is_empty();
        if done {
            self.sending = false;
        }
        let woken =
            self.waiting.extract_if(.., |(position, _)| *position <= sent).map(|(_, waker)| waker);
        (woken.collect(), done)
    }

    /// Forgets what waits, because the stream is closed, and hands out those who wait.
    pub(super) fn abandon(&mut self) -> Vec<Waker> {
        self.pieces.clear();
        self.size = 0;
        self.waiting.drain(..).map(|(_, waker)| waker).collect()
    }
}

fn would_block<T>(result: &io::Result<T>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}
