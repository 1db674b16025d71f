//! A backend for tests: a clock that nobody waits for, and a network in memory.
//!
//! Everything that such a world does follows from one number, its seed: how long packets travel, how they are cut, how much a
//! buffer holds, and in which order things happen that happen at the same time. The same program in a world of the same seed
//! does the same again.
//!
//! Time stands still while anything is to be done. A wait with nothing ready jumps to its timeout, or to the next event of the
//! network. When there is neither, nothing can happen any more, and the wait fails at once with [`Stuck::Deadlock`]; only a
//! thread that could still post a letter is waited for.
//!
//! The parts, from the outside to the inside: this backend; the [`Network`] and its [`Socket`]s; its traffic, the packets and
//! their times; a connection and what its ends know; and the links between hosts, with all that goes wrong there.

mod connection;
mod control;
mod links;
mod network;
mod socket;
mod traffic;

use super::{Backend, Event, Interest, Notifier, Random};
use links::nanos;
use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

pub(crate) use network::Network;
pub(crate) use socket::Socket;

/// So many looks may find nothing while the program is busy; then each one takes ten microseconds, as it may in real life. A
/// program that is always busy would otherwise wait for ever for what needs time.
const BUSY_LOOKS: u32 = 64;
const LOOK: u64 = 10_000;

/// The clock of real life is read once in so many waits.
const WAITS_PER_LOOK: u32 = 256;

/// A world of its own.
pub(crate) struct Simulated {
    pub(crate) network: Rc<Network>,
    limits: Limits,
    /// What the world's beginning is called.
    epoch: Instant,
    begun: Instant,
    bell: Arc<Bell>,
    /// How many looks have found nothing since time last moved.
    looks: u32,
    waits: u32,
}

/// How long a world may go on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// In its own time.
    pub(crate) simulated: Duration,
    /// In that of real life, which ends a world in which no time passes.
    pub(crate) real: Duration,
}

/// Why a world does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stuck {
    /// Every coroutine waits, and nothing can happen any more: no timeout, nothing on the network, and nobody outside has a
    /// [`Handle`](crate::ioloop::Handle). It has come to this so long after the world's beginning.
    Deadlock(Duration),
    /// It took longer than this, in its own time.
    Timeout(Duration),
    /// It took longer than this in real life: perhaps something is done again and again while no time passes.
    Livelock(Duration),
}

impl Simulated {
    pub(crate) fn new(seed: u64, limits: Limits) -> Self {
        let now = Instant::now();
        let bell = Bell { rung: AtomicBool::new(false), thread: thread::current() };
        Self {
            network: Rc::new(Network::new(seed)),
            limits,
            epoch: now,
            begun: now,
            bell: Arc::new(bell),
            looks: 0,
            waits: 0,
        }
    }

    /// Moves the clock.
    fn jump(&mut self, now: u64) -> io::Result<()> {
        self.looks = 0;
        let limit = nanos(self.limits.simulated);
        self.network.set_now(now.min(limit));
        if now > limit { Err(Stuck::Timeout(self.limits.simulated).into()) } else { Ok(()) }
    }

    /// Lets a moment pass, because a busy program has looked often enough.
    fn look(&mut self) -> io::Result<()> {
        self.looks += 1;
        if self.looks <= BUSY_LOOKS {
            return Ok(());
        }
        let looks = self.looks;
        self.jump(self.network.now() + LOOK)?;
        self.looks = looks;
        Ok(())
    }

    fn look_at_real_clock(&mut self) -> io::Result<()> {
        self.waits = self.waits.wrapping_add(1);
        if self.waits.is_multiple_of(WAITS_PER_LOOK) && self.begun.elapsed() > self.limits.real {
            return Err(Stuck::Livelock(self.limits.real).into());
        }
        Ok(())
    }

    /// Waits for another thread, if there is one that could have something to say.
    fn listen(&self) -> io::Result<()> {
        loop {
            // Asked in this order: who posts a letter still has its handle then.
            let outsiders = self.network.has_outsiders();
            if self.bell.take() {
                return Ok(());
            }
            if !outsiders {
                return Err(Stuck::Deadlock(self.network.elapsed()).into());
            }
            let Some(left) = self.limits.real.checked_sub(self.begun.elapsed()) else {
                return Err(Stuck::Livelock(self.limits.real).into());
            };
            // A handle that is dropped rings no bell.
            thread::park_timeout(left.min(Duration::from_millis(10)));
        }
    }
}

impl Backend for Simulated {
    fn now(&mut self) -> Instant {
        self.epoch + self.network.elapsed()
    }

    fn seed(&mut self) -> u64 {
        Random::new(self.network.seed(), 2).next()
    }

    fn register(&mut self, fd: RawFd, key: u64, interest: Interest) -> io::Result<()> {
        self.network.register(fd, key, interest)
    }

    fn rearm(&mut self, fd: RawFd, key: u64, interest: Interest) -> io::Result<()> {
        self.network.register(fd, key, interest)
    }

    fn deregister(&mut self, fd: RawFd) -> io::Result<()> {
        self.network.deregister(fd)
    }

    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        self.look_at_real_clock()?;
        self.network.advance(events);
        if self.bell.take() || !events.is_empty() {
            return Ok(());
        }
        if timeout == Some(Duration::ZERO) {
            return self.look();
        }
        let until = timeout.map(|timeout| self.network.now().saturating_add(nanos(timeout)));
        while events.is_empty() {
            match (self.network.next(), until) {
                (None, None) => return self.listen(),
                (None, Some(until)) => return self.jump(until),
                // A timeout and an event at the same time: either may come first.
                (Some(next), Some(until))
                    if until < next || until == next && self.network.toss() =>
                {
                    return self.jump(until);
                }
                (Some(next), _) => self.jump(next)?,
            }
            self.network.advance(events);
        }
        Ok(())
    }

    fn describe(&self, fds: &[RawFd]) -> Vec<String> {
        fds.iter().map(|fd| self.network.describe(*fd)).collect()
    }

    fn notifier(&self) -> Arc<dyn Notifier> {
        self.bell.clone()
    }

    fn network(&self) -> Option<Rc<Network>> {
        Some(self.network.clone())
    }
}

/// Rung by other threads.
struct Bell {
    rung: AtomicBool,
    /// The loop's.
    thread: Thread,
}

impl Bell {
    fn take(&self) -> bool {
        self.rung.swap(false, Ordering::Acquire)
    }
}

impl Notifier for Bell {
    fn notify(&self) {
        self.rung.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadlock(elapsed) => write!(
                f,
                "deadlock after {elapsed:?} of simulated time: everything waits, and nothing can happen any more"
            ),
            Self::Timeout(limit) => write!(f, "timed out after {limit:?} of simulated time"),
            Self::Livelock(limit) => write!(f, "timed out after {limit:?} of real time"),
        }
    }
}

impl std::error::Error for Stuck {}

impl From<Stuck> for io::Error {
    fn from(stuck: Stuck) -> Self {
        Self::other(stuck)
    }
}
