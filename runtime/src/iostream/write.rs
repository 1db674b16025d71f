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

/// What waits to be sent, and who waits for that. Positions count bytes since the stream's beginning.
pub(super) struct Outgoing {
    pieces: VecDeque<Bytes>,
    queued: u64,
    sent: u64,
    pub(super) max_size: Option<usize>,
    /// Whether a background sender is at work.
    sending: bool,
    waiting: Vec<(u64, Waker)>,
    /// How many writes have been done at once since one last had to wait.
    writes: u8,
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
        if self.shared.outgoing.borrow_mut().begin() {
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
        self.shared.outgoing.borrow().sent
    }

    /// Waits until everything that was written has reached the system.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`].
    pub fn flush(&self) -> Write {
        let queued = self.shared.outgoing.borrow().queued;
        Write { shared: self.shared.clone(), result: Ok(queued), waits: false }
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
        let mut outgoing = shared.outgoing.borrow_mut();
        if outgoing.sent >= position {
            // Who has waited has let others have a turn.
            if *waits {
                return Poll::Ready(Ok(()));
            }
            if outgoing.writes < WRITES_PER_TURN {
                outgoing.writes += 1;
                return Poll::Ready(Ok(()));
            }
            outgoing.writes = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if shared.closed.borrow().is_some() {
            return Poll::Ready(Err(shared.closed_error()));
        }
        outgoing.writes = 0;
        outgoing.wait_for(position, cx.waker(), std::mem::replace(waits, true));
        Poll::Pending
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write").finish_non_exhaustive()
    }
}

impl Inner {
    /// Sends what the socket takes now and keeps the rest; returns the position behind it.
    fn write(&self, bytes: &[u8], keep: impl FnOnce(&[u8]) -> Bytes) -> Result<u64, StreamError> {
        if self.closed.borrow().is_some() {
            return Err(self.closed_error());
        }
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.queue(bytes.len())?;
        let mut rest = bytes;
        while outgoing.is_empty() && !rest.is_empty() {
            match self.transmit(&mut outgoing, |transport| transport.write(rest)) {
                Ok(Some(count)) => rest = &rest[count..],
                Ok(None) => break,
                Err(error) => {
                    drop(outgoing);
                    return Err(self.fail(error));
                }
            }
        }
        if !rest.is_empty() {
            outgoing.push(keep(rest));
        }
        Ok(outgoing.queued)
    }

    fn write_vectored(&self, pieces: &[IoSlice<'_>]) -> Result<u64, StreamError> {
        if self.closed.borrow().is_some() {
            return Err(self.closed_error());
        }
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.queue(pieces.iter().map(|piece| piece.len()).sum())?;
        let mut sent = 0;
        if outgoing.is_empty() {
            let first = &pieces[..pieces.len().min(PIECES)];
            match self.transmit(&mut outgoing, |transport| transport.write_vectored(first)) {
                Ok(count) => sent = count.unwrap_or(0),
                Err(error) => {
                    drop(outgoing);
                    return Err(self.fail(error));
                }
            }
        }
        for piece in pieces {
            let rest = &piece[sent.min(piece.len())..];
            sent -= piece.len() - rest.len();
            if !rest.is_empty() {
                outgoing.push(Bytes::copy_from_slice(rest));
            }
        }
        Ok(outgoing.queued)
    }

    /// Sends what the socket takes of `pieces`, if nothing waits to be sent before; how much that was.
    #[cfg(any(feature = "tokio", feature = "futures-io"))]
    pub(super) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize, StreamError>> {
        loop {
            if self.closed.borrow().is_some() {
                return Poll::Ready(Err(self.closed_error()));
            }
            let mut outgoing = self.outgoing.borrow_mut();
            if !outgoing.is_empty() {
                let queued = outgoing.queued;
                outgoing.wait_for(queued, cx.waker(), true);
                return Poll::Pending;
            }
            if let Some(link) = &*self.link.borrow() {
                std::task::ready!(link.registration.poll(Side::Write, cx));
            }
            if outgoing.writes == WRITES_PER_TURN {
                outgoing.writes = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match self.transmit(&mut outgoing, |transport| transport.write_vectored(pieces)) {
                Ok(Some(count)) => {
                    outgoing.queued += count as u64;
                    outgoing.writes += 1;
                    return Poll::Ready(Ok(count));
                }
                Ok(None) => {}
                Err(error) => {
                    drop(outgoing);
                    return Poll::Ready(Err(self.fail(error)));
                }
            }
        }
    }

    /// Writes once, now: how much was sent, or `None` if the socket takes nothing.
    fn transmit(
        &self,
        outgoing: &mut Outgoing,
        mut write: impl FnMut(&Transport) -> io::Result<usize>,
    ) -> Result<Option<usize>, Option<io::Error>> {
        let link = self.link.borrow();
        let Some(link) = &*link else { return Err(None) };
        loop {
            match write(&link.transport) {
                Ok(count) => {
                    outgoing.sent += count as u64;
                    return Ok(Some(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    link.registration.clear(Side::Write);
                    return Ok(None);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Some(error)),
            }
        }
    }

    /// Closes the stream for an error of the socket, if there was still one; the error for its user.
    fn fail(&self, error: Option<io::Error>) -> StreamError {
        if let Some(error) = error {
            self.close(Some(error));
        }
        self.closed_error()
    }

    fn write_both(&self, first: &[u8], second: Bytes) -> Result<u64, StreamError> {
        let idle = {
            let mut outgoing = self.outgoing.borrow_mut();
            let idle = outgoing.is_empty();
            outgoing.queued += (first.len() + second.len()) as u64;
            for piece in [Bytes::copy_from_slice(first), second] {
                if !piece.is_empty() {
                    outgoing.push(piece);
                }
            }
            idle && !outgoing.is_empty()
        };
        // What waited before keeps the background sender busy already.
        if idle && let Poll::Ready(()) = self.poll_send(&mut Context::from_waker(Waker::noop())) {}
        if self.closed.borrow().is_some() {
            return Err(self.closed_error());
        }
        Ok(self.outgoing.borrow().queued)
    }

    /// Sends what waits; ready when nothing does any more, or the stream is closed.
    fn poll_send(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let written = {
                let link = self.link.borrow();
                let Some(link) = &*link else { return Poll::Ready(()) };
                if link.registration.poll(Side::Write, cx).is_pending() {
                    return Poll::Pending;
                }
                let written = self.outgoing.borrow().write_to(&link.transport);
                if would_block(&written) {
                    link.registration.clear(Side::Write);
                }
                written
            };
            match written {
                Ok(count) => {
                    let (woken, done) = self.outgoing.borrow_mut().advance(count);
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
    pub(super) const fn new() -> Self {
        Self {
            pieces: VecDeque::new(),
            queued: 0,
            sent: 0,
            max_size: None,
            sending: false,
            waiting: Vec::new(),
            writes: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    fn waiting_bytes(&self) -> usize {
        usize::try_from(self.queued - self.sent).unwrap_or(usize::MAX)
    }

    /// Counts `size` bytes as accepted, if so many may wait.
    fn queue(&mut self, size: usize) -> Result<(), StreamError> {
        let waiting = self.waiting_bytes().saturating_add(size);
        if self.max_size.is_some_and(|max| waiting > max) {
            return Err(StreamError::BufferFull);
        }
        self.queued += size as u64;
        Ok(())
    }

    /// Says whether a background sender must be started, which is then taken as done.
    fn begin(&mut self) -> bool {
        !self.is_empty() && !std::mem::replace(&mut self.sending, true)
    }

    fn push(&mut self, piece: Bytes) {
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
        self.queued += other.queued - other.sent;
        self.pieces.append(&mut other.pieces);
    }

    /// Counts `count` bytes as sent: who waited for them, and whether that was all.
    fn advance(&mut self, mut count: usize) -> (Vec<Waker>, bool) {
        self.sent += count as u64;
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
        let sent = self.sent;
        let woken =
            self.waiting.extract_if(.., |(position, _)| *position <= sent).map(|(_, waker)| waker);
        (woken.collect(), done)
    }

    /// Forgets what waits, because the stream is closed, and hands out those who wait.
    pub(super) fn abandon(&mut self) -> Vec<Waker> {
        self.pieces.clear();
        self.waiting.drain(..).map(|(_, waker)| waker).collect()
    }
}

fn would_block<T>(result: &io::Result<T>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}
