//! The backend of real life: the system's readiness queue through mio, and the system's monotonic clock.

use super::descriptor::describe;
use super::{Backend, Event, Interest, Notifier, Readiness};
use mio::unix::SourceFd;
use mio::{Events, Poll, Token, Waker};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many events one wait hands over; more stay in the kernel for the next turn, in its order.
const EVENTS: usize = 1024;

/// The token of the notifier, which no source has: keys are small integers in both halves.
const NOTIFIED: Token = Token(usize::MAX);

const _: () =
    assert!(size_of::<usize>() == size_of::<u64>(), "keys of 64 bits travel in mio's tokens");

/// Waits with one system call a turn, edge-triggered, each descriptor registered once.
pub(crate) struct Poller {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
}

impl Poller {
    /// Opens a readiness queue.
    ///
    /// # Errors
    ///
    /// The system's, when it has no descriptor left for it.
    pub(crate) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), NOTIFIED)?);
        Ok(Self { poll, events: Events::with_capacity(EVENTS), waker })
    }
}

impl Backend for Poller {
    fn now(&mut self) -> Instant {
        Instant::now()
    }

    fn seed(&mut self) -> u64 {
        // The standard library's keys against flooded hash tables are the system's random numbers.
        RandomState::new().hash_one(())
    }

    fn register(&mut self, fd: RawFd, key: u64, interest: Interest) -> io::Result<()> {
        self.poll.registry().register(&mut SourceFd(&fd), token(key), interest.into())
    }

    fn rearm(&mut self, fd: RawFd, key: u64, interest: Interest) -> io::Result<()> {
        self.poll.registry().reregister(&mut SourceFd(&fd), token(key), interest.into())
    }

    fn deregister(&mut self, fd: RawFd) -> io::Result<()> {
        self.poll.registry().deregister(&mut SourceFd(&fd))
    }

    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        events.extend(
            self.events
                .iter()
                .filter(|event| event.token() != NOTIFIED)
                .map(|event| Event { key: event.token().0 as u64, readiness: readiness(event) }),
        );
        Ok(())
    }

    fn describe(&self, fds: &[RawFd]) -> Vec<String> {
        describe(fds)
    }

    fn notifier(&self) -> Arc<dyn Notifier> {
        self.waker.clone()
    }
}

impl Notifier for Waker {
    fn notify(&self) {
        // The only failure that eventfd(2) knows here is a full counter, which mio resets; a wait then ends anyway.
        let _ = self.wake();
    }
}

impl From<Interest> for mio::Interest {
    fn from(interest: Interest) -> Self {
        match interest {
            Interest::Read => Self::READABLE,
            Interest::Write => Self::WRITABLE,
            Interest::Both => Self::READABLE | Self::WRITABLE,
        }
    }
}

fn token(key: u64) -> Token {
    Token(key as usize)
}

fn readiness(event: &mio::event::Event) -> Readiness {
    let mut readiness = Readiness::default();
    for (is, what) in [
        (event.is_readable(), Readiness::READ),
        (event.is_writable(), Readiness::WRITE),
        (event.is_read_closed(), Readiness::READ_CLOSED),
        // EPOLLHUP alone means both halves are gone; mio calls that `is_write_closed`.
        (event.is_error() || event.is_write_closed(), Readiness::ERROR),
    ] {
        if is {
            readiness = readiness.union(what);
        }
    }
    readiness
}
