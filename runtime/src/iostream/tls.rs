//! A transport that is secured by TLS, over any other.
//!
//! It has no buffers while it waits: records come in through blocks that the thread lends, and leave through a spare piece of
//! memory; what remains in either is all that it keeps. The handshake has a coroutine of its own; reads and writes wait for it.

use super::{Buffer, Transport};
use crate::ioloop::Side;
use crate::tls::{Inside, Progress, Role, Session, TLSError, Task};
use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// So many bytes are encrypted before they are sent: four records.
const BATCH: usize = 64 * 1024;

/// What of the memory for records is kept for later: such a batch, with what TLS adds to it.
const SPARE: usize = BATCH + 1024;

thread_local! {
    static OUTGOING: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A transport inside of TLS.
pub(crate) struct Tls {
    state: RefCell<State>,
    /// How long the handshake may take.
    timeout: Duration,
    /// What carries the records.
    transport: Transport,
}

struct State {
    session: Session,
    phase: Phase,
    /// Records that were not digested yet; never empty.
    incoming: Option<Buffer>,
    /// What was decrypted and nobody has read; never empty.
    received: Option<Buffer>,
    /// Records that the system has not taken yet, and how many of them it has.
    outgoing: Vec<u8>,
    sent: usize,
    /// How many bytes of the stream are in them. They count as written when the last record has been taken.
    encrypted: usize,
    /// Whether the system had no more, when it was last asked.
    is_drained: bool,
    /// The other side has said farewell.
    has_ended: bool,
    /// Why it does not work any more.
    failure: Option<TLSError>,
    /// Something that was written will not be sent, so there is no farewell to be said.
    is_truncated: bool,
    /// Who waits for the handshake.
    waiting: Vec<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Handshake,
    Secured,
    /// Has said farewell, so that it can only read.
    Left,
}

impl Tls {
    pub(super) fn new(transport: Transport, session: Session, timeout: Duration) -> Self {
        let state = State {
            session,
            phase: Phase::Handshake,
            incoming: None,
            received: None,
            outgoing: Vec::new(),
            sent: 0,
            encrypted: 0,
            is_drained: false,
            has_ended: false,
            failure: None,
            is_truncated: false,
            waiting: Vec::new(),
        };
        Self { state: RefCell::new(state), timeout, transport }
    }

    /// What carries the records.
    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// What both sides have agreed on.
    pub(super) fn session(&self) -> Ref<'_, Session> {
        Ref::map(self.state.borrow(), |state| &state.session)
    }

    /// How long the handshake may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Ready when the handshake is over.
    pub(super) fn poll_secured(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.borrow_mut();
        if state.phase != Phase::Handshake {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waiting| waiting.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Whether the handshake is over.
    pub(super) fn is_secured(&self) -> bool {
        self.state.borrow().phase != Phase::Handshake
    }

    /// Goes on with the handshake as far as what has come in allows; then says what it waits for.
    pub(super) fn shake_hands(&self) -> io::Result<Option<Side>> {
        let state = &mut *self.state.borrow_mut();
        let progress = state.digest(Task::Nothing);
        let transmitted = state.transmit(&self.transport);
        progress?;
        match transmitted {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Ok(Some(Side::Write));
            }
            transmitted => transmitted?,
        }
        if state.session.state().is_handshaking() {
            return Ok(Some(Side::Read));
        }
        state.phase = Phase::Secured;
        state.waiting.drain(..).for_each(Waker::wake);
        Ok(None)
    }

    /// Takes in what has come of the handshake, once.
    pub(super) fn receive(&self) -> io::Result<()> {
        self.state.borrow_mut().fill(&self.transport)
    }

    /// Reads what was received. [`Interrupted`](io::ErrorKind::Interrupted) means that records have come in which nothing was for
    /// the reader.
    pub(super) fn read(&self, into: &mut [u8]) -> io::Result<usize> {
        let state = &mut *self.state.borrow_mut();
        state.is_drained = false;
        let mut filled = state.take(into);
        if filled < into.len() {
            match state.decrypt(&mut into[filled..]) {
                // What came before can still be read. The failure stays.
                Err(_) if filled > 0 => {}
                decrypted => filled += decrypted?,
            }
        }
        if filled == 0 && !state.has_ended {
            state.fill(&self.transport)?;
            filled = state.decrypt(into)?;
            if filled == 0 && !state.has_ended {
                let nothing = match state.is_drained {
                    true => io::ErrorKind::WouldBlock,
                    false => io::ErrorKind::Interrupted,
                };
                return Err(nothing.into());
            }
        }
        // An answer to what was read, such as a key that is changed. What is left of it goes before the next write.
        let _ = state.transmit(&self.transport);
        Ok(filled)
    }

    /// Whether nothing more can be read until the system has more, as the last [`read`](Self::read) has shown.
    pub(super) fn is_empty(&self) -> bool {
        let state = self.state.borrow();
        let has_more = state.received.is_some() || state.incoming.is_some();
        state.is_drained && !has_more && !state.has_ended && state.failure.is_none()
    }

    /// Encrypts and sends. As long as it would block, what it has encrypted is the beginning of `pieces`, and so it must be when it is
    /// called again.
    pub(super) fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let state = &mut *self.state.borrow_mut();
        if state.phase == Phase::Left {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if state.encrypted == 0 {
            let mut room = BATCH;
            for piece in pieces {
                let piece = &piece[..piece.len().min(room)];
                if !piece.is_empty() {
                    state.perform(Task::Encrypt(piece))?;
                }
                state.encrypted += piece.len();
                room -= piece.len();
            }
        }
        state.transmit(&self.transport)?;
        Ok(std::mem::take(&mut state.encrypted))
    }

    /// Tells the other side that nothing more will be written.
    pub(super) fn shutdown(&self) -> io::Result<()> {
        self.leave();
        self.transport.shutdown()
    }

    /// Something that was written will not be sent.
    pub(super) fn truncate(&self) {
        self.state.borrow_mut().is_truncated = true;
    }

    /// Says farewell, if everything that was written has left. The system may not take it, which is then cut off.
    fn leave(&self) {
        let state = &mut *self.state.borrow_mut();
        let is_whole = state.outgoing.is_empty() && !state.is_truncated;
        if state.phase == Phase::Secured && is_whole && state.failure.is_none() {
            let _ = state.perform(Task::Leave);
            let _ = state.transmit(&self.transport);
            state.phase = Phase::Left;
        }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.leave();
        let state = self.state.get_mut();
        if state.failure.is_some() {
            // Why, for whom it may concern.
            let _ = state.transmit(&self.transport);
        } else if !state.has_ended {
            // Such as tickets, or a farewell. If they are left, the system resets the connection, and destroys what was sent.
            let _ = state.fill(&self.transport);
        }
        state.waiting.drain(..).for_each(Waker::wake);
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = self.state.borrow().phase;
        f.debug_struct("Tls").field("phase", &phase).field("over", &self.transport).finish()
    }
}

impl State {
    /// Lets the session go on. What it has decrypted is given to `received`.
    fn advance(&mut self, task: Task<'_>, received: &mut dyn FnMut(&[u8])) -> io::Result<Progress> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone().into());
        }
        let mut incoming = self.incoming.take();
        let bytes = incoming.as_mut().map_or(&mut [][..], Buffer::bytes_mut);
        if self.outgoing.capacity() == 0 {
            self.outgoing = OUTGOING.try_with(Cell::take).unwrap_or_default();
        }
        let (consumed, progress) = self.session.advance(bytes, &mut self.outgoing, task, received);
        if let Err(failure) = &progress {
            self.failure = Some(failure.clone());
            self.session.complain(&mut self.outgoing);
        }
        self.give_back();
        if let Some(mut buffer) = incoming {
            buffer.consume(consumed);
            self.incoming = keep(buffer);
        }
        let progress = progress?;
        self.has_ended |= progress == Progress::Ended;
        Ok(progress)
    }

    /// Does a task, for which everything that has come in has to be digested first.
    fn perform(&mut self, task: Task<'_>) -> io::Result<()> {
        match self.digest(task)? {
            Progress::Done => Ok(()),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Digests everything that has come in, and then does a task. What it decrypts waits for a reader.
    fn digest(&mut self, task: Task<'_>) -> io::Result<Progress> {
        loop {
            let mut received = self.received.take();
            let progress = self.advance(task, &mut |bytes| {
                received.get_or_insert_with(Buffer::lend).extend(bytes);
            });
            self.received = received;
            match progress? {
                Progress::Received | Progress::Ended => {}
                progress => return Ok(progress),
            }
        }
    }

    /// What was decrypted before.
    fn take(&mut self, into: &mut [u8]) -> usize {
        let Some(mut buffer) = self.received.take() else { return 0 };
        let count = into.len().min(buffer.len());
        into[..count].copy_from_slice(&buffer.bytes()[..count]);
        buffer.consume(count);
        self.received = keep(buffer);
        count
    }

    /// Decrypts what has come in, until `into` is full.
    fn decrypt(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        let mut rest = None;
        while filled < into.len() && !self.has_ended {
            let progress = self.advance(Task::Nothing, &mut |bytes| {
                let count = bytes.len().min(into.len() - filled);
                into[filled..filled + count].copy_from_slice(&bytes[..count]);
                filled += count;
                if count < bytes.len() {
                    rest.get_or_insert_with(Buffer::lend).extend(&bytes[count..]);
                }
            });
            match progress {
                Ok(Progress::Received) => {}
                Ok(_) => break,
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
        }
        self.received = rest;
        Ok(filled)
    }

    /// Reads records, once.
    fn fill(&mut self, transport: &Transport) -> io::Result<()> {
        let mut buffer = self.incoming.take().unwrap_or_else(Buffer::lend_for_records);
        let room = buffer.room();
        let size = room.len();
        let read = transport.read(room);
        buffer.fill(*read.as_ref().unwrap_or(&0));
        self.incoming = keep(buffer);
        match read {
            Ok(0) if self.phase == Phase::Handshake => Err(TLSError::Closed(None).into()),
            Ok(0) => Err(TLSError::Truncated.into()),
            Ok(count) => {
                self.is_drained = count < size;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Sends the records that wait.
    fn transmit(&mut self, transport: &Transport) -> io::Result<()> {
        while self.sent < self.outgoing.len() {
            match transport.write(&self.outgoing[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.outgoing.clear();
        self.sent = 0;
        self.give_back();
        Ok(())
    }

    /// Gives memory for records back to the thread, if there are none.
    fn give_back(&mut self) {
        if self.outgoing.is_empty() && self.outgoing.capacity() > 0 {
            let mut spare = std::mem::take(&mut self.outgoing);
            spare.shrink_to(SPARE);
            let _ = OUTGOING.try_with(|outgoing| outgoing.set(spare));
        }
    }
}

fn keep(buffer: Buffer) -> Option<Buffer> {
    if buffer.is_empty() {
        buffer.give_back();
        return None;
    }
    Some(buffer)
}

impl Transport {
    /// Secures a transport.
    pub(crate) fn secured(self, role: &Role, inside: Inside) -> Result<Self, TLSError> {
        let (session, timeout) = role.begin(inside)?;
        Ok(Self::Tls(Box::new(Tls::new(self, session, timeout))))
    }
}
