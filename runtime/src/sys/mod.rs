//! The only room that meets the operating system: waiting for file descriptors, and telling the time.
//!
//! # The contract of a backend
//!
//! The loop owns one [`Backend`] and asks nothing else of the world. There are two: the [`Poller`], which is the system's, and
//! [`Simulated`], which is for tests. Both keep these promises:
//!
//! - **Edges, not levels.** A descriptor is registered once, for reading and writing together, and every *change* to ready is
//!   reported once. What was reported stays true until an operation says `WouldBlock` or comes back short. Reporting more
//!   often than that is allowed; never reporting a change is not.
//! - **`rearm` is a new edge.** After it, whatever is ready at that moment is reported again.
//! - **Keys come back as they were given.** They carry a generation, so an event for a source that is gone is recognised by
//!   the loop; a backend never has to withdraw events it has already collected.
//! - **One wait a turn.** [`Backend::wait`] blocks at most for its timeout, and appends what happened. It may return early and
//!   with nothing. An interrupted wait is an empty one.
//! - **Time is monotonic** and moves only between turns: the loop reads [`Backend::now`] once after each wait. A backend may
//!   invent its time; then a wait with nothing ready moves it to the end of the timeout.
//! - **Chance is the world's.** Random numbers come from [`Backend::seed`]; a backend that wants its runs to be repeated
//!   gives the same one again.
//! - **A [`Notifier`] works from any thread**, and makes a wait that runs, or the next one, return.

mod descriptor;
mod poller;
mod random;
mod simulated;

use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use poller::Poller;
pub(crate) use random::Random;
pub use simulated::Stuck;
pub(crate) use simulated::{Limits, Network, Simulated, Socket};

/// What the loop needs from the world; see the [contract](self).
pub(crate) trait Backend {
    /// The present moment, never earlier than the one told before.
    fn now(&mut self) -> Instant;

    /// What the loop's random numbers begin with: different each time, unless the world is an invented one.
    fn seed(&mut self) -> u64;

    /// Starts to report the changes of `fd` in `interest` under `key`.
    fn register(&mut self, fd: RawFd, key: u64, interest: Interest) -> io::Result<()>;

    /// Changes what is reported of `fd`, and reports what is ready now once more.
    fn rearm(&mut self, fd: RawFd, key: u64, interest: Interest) -> io::Result<()>;

    /// Stops to report `fd`.
    fn deregister(&mut self, fd: RawFd) -> io::Result<()>;

    /// Blocks for `timeout` at most (for ever if `None`) and appends to `events` what became ready.
    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()>;

    /// What each of these descriptors is, for a human reader.
    fn describe(&self, fds: &[RawFd]) -> Vec<String>;

    /// What other threads use to end a wait.
    fn notifier(&self) -> Arc<dyn Notifier>;

    /// The network of a simulated world, whose sockets only its backend knows. In real life there is none.
    fn network(&self) -> Option<Rc<Network>> {
        None
    }
}

/// Ends the wait of a backend, from any thread.
pub(crate) trait Notifier: Send + Sync {
    /// Makes the wait that runs, or the next one, return.
    fn notify(&self);
}

impl<N: Notifier + ?Sized> Notifier for Arc<N> {
    fn notify(&self) {
        (**self).notify();
    }
}

/// Which changes of a descriptor are reported; errors and hang-ups always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
    Both,
}

impl Interest {
    /// What is not reported to who is interested in this.
    pub(crate) const fn ignored(self) -> Readiness {
        match self {
            Self::Read => Readiness::WRITE,
            Self::Write => Readiness::READ.union(Readiness::READ_CLOSED),
            Self::Both => Readiness(0),
        }
    }
}

/// Something became ready.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) key: u64,
    pub(crate) readiness: Readiness,
}

/// A set of things that a descriptor is ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readiness(u8);

impl Readiness {
    /// A read would not block.
    pub(crate) const READ: Self = Self(1);
    /// A write would not block.
    pub(crate) const WRITE: Self = Self(2);
    /// The other side has shut down its writing half, or everything.
    pub(crate) const READ_CLOSED: Self = Self(4);
    /// The connection failed; the error is the socket's pending one.
    pub(crate) const ERROR: Self = Self(8);

    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}
