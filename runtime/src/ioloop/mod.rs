//! The event loop: callbacks, timeouts, events and tasks of one thread.
//!
//! The loop does four things, in this order, for ever:
//!
//! 1. run the callbacks that were queued before this turn;
//! 2. run the timeouts that are due;
//! 3. wait for events: not at all if callbacks wait, else until the next deadline, else for ever;
//! 4. tell the events to whom they concern.
//!
//! Waking a task is queueing a callback. That is the whole scheduler. While callbacks wait, the third step is left out until 61
//! of them have run, because asking the system costs more than any of them; a task that is always ready can therefore delay
//! others, but never starve events or timeouts. The clock is read once after each wait, and stands still in between.
//!
//! A loop belongs to its thread, and so does everything on it: coroutines need no `Send`, and may share an `Rc` or a `RefCell`.
//! Other threads reach it through a [`Handle`]. Wakers work from any thread. What would keep the loop busy or blocked goes to the
//! threads of an [`Executor`].
//!
//! ```
//! use gustnado::ioloop::{IOLoop, spawn};
//! use std::{cell::Cell, rc::Rc, time::Duration};
//!
//! let io_loop = IOLoop::new()?;
//! let count = Rc::new(Cell::new(0));
//! let counted = count.clone();
//! io_loop.add_callback(move || counted.set(counted.get() + 1));
//! let sum = io_loop.run_sync(async {
//!     let task = spawn(async { 20 + 22 });
//!     task.await.unwrap()
//! })?;
//! assert_eq!((sum, count.get()), (42, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cancel_on_drop;
mod children;
mod core;
mod coroutines;
mod dump;
mod events;
mod executor;
mod failure;
mod frame;
mod handle;
mod local;
mod locals;
mod mailbox;
mod origin;
mod pool;
mod probe;
mod random;
mod scoped;
mod signals;
mod slab;
mod sources;
mod task;
mod tested;
mod timers;
mod waker;
mod watchdog;

use crate::sys::{Limits, Poller, Simulated};
use std::any::type_name;
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::RawFd;
use std::panic::Location;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

pub use cancel_on_drop::CancelOnDrop;
pub(crate) use children::Children;
pub(crate) use core::Core;
pub(crate) use coroutines::Belongings;
pub use dump::{Dump, TaskDump};
pub use events::Events;
pub use executor::{Execution, Executor, run_in_executor};
pub(crate) use failure::report;
pub use failure::{Caught, ErrorHandler, Failure};
pub use frame::Frame;
pub use handle::Handle;
pub use local::Local;
pub use locals::Locals;
pub(crate) use locals::Slot;
use origin::Origin;
pub(crate) use pool::{Pooled, Shared};
pub use scoped::Scoped;
pub use signals::{Signal, Signals};
pub(crate) use slab::{Key, NONE, Slab};
pub(crate) use sources::{Parking, Registration, Side};
pub(crate) use task::panic_message;
pub use task::{JoinError, JoinHandle};
pub(crate) use tested::{Findings, set_heard};
pub(crate) use timers::Action;

/// The event loop of a thread; a cheap handle on it, for this thread only.
///
/// See the [module](self) for what a loop does. Cloning it makes another handle on the same loop.
///
/// ```compile_fail
/// fn needs_send<T: Send>() {}
/// needs_send::<gustnado::ioloop::IOLoop>(); // use `IOLoop::handle` for other threads
/// ```
#[derive(Clone)]
pub struct IOLoop {
    core: Rc<Core>,
}

/// A timeout that was added to a loop; see [`IOLoop::remove_timeout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timeout(Key);

/// Why [`IOLoop::run_sync`] has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunSyncError {
    /// The coroutine took longer than it was given. It was dropped.
    Timeout(Duration),
    /// Somebody stopped the loop first.
    Stopped,
    /// The system cannot wait for events any more.
    Poll(io::Error),
}

/// Spawns a coroutine on this thread's loop; see [`IOLoop::spawn`].
#[track_caller]
#[inline]
pub fn spawn<F: IntoFuture<IntoFuture: 'static>>(future: F) -> JoinHandle<F::Output> {
    task::task(&Core::current_or_panic(), Location::caller(), future.into_future())
}

impl IOLoop {
    /// Makes a loop, and makes it this thread's current one if the thread has none.
    ///
    /// # Errors
    ///
    /// The system's, when it has no descriptor left; or when 4096 loops exist in the process.
    pub fn new() -> io::Result<Self> {
        let core = Core::new(Box::new(Poller::new()?))?;
        let io_loop = Self { core };
        if Core::current().is_none() {
            io_loop.make_current();
        }
        Ok(io_loop)
    }

    /// Makes a loop in a world of its own, which `seed` decides about.
    ///
    /// # Errors
    ///
    /// When 4096 loops exist in the process.
    pub(crate) fn simulated(seed: u64, limits: Limits) -> io::Result<Self> {
        let world = Simulated::new(seed, limits);
        let network = world.network.clone();
        let core = Core::new(Box::new(world))?;
        let mailbox = Arc::downgrade(&core.mailbox);
        // The loop itself has one reference, and the directory of loops another.
        network.set_outsiders(move || mailbox.strong_count() > 2);
        Ok(Self { core })
    }

    /// The loop of this thread: the one that runs, else the one made current, else a new one.
    ///
    /// # Panics
    ///
    /// If the thread has no loop and none can be made; [`try_current`](Self::try_current) never does.
    pub fn current() -> Self {
        match Core::current_or_new() {
            Ok(core) => Self { core },
            Err(error) => panic!("cannot make a loop for this thread: {error}"),
        }
    }

    /// The loop of this thread, if it has one.
    pub fn try_current() -> Option<Self> {
        Core::current().map(|core| Self { core })
    }

    /// Makes this loop the one that [`current`](Self::current) returns on this thread.
    pub fn make_current(&self) {
        drop(Core::set_current(Some(self.core.clone())));
    }

    /// Makes [`try_current`](Self::try_current) return `None` on this thread.
    pub fn clear_current() {
        drop(Core::set_current(None));
    }

    /// Runs the loop until [`stop`](Self::stop) is called, which takes effect after the current turn.
    ///
    /// # Errors
    ///
    /// The system's, if it cannot wait for events any more.
    ///
    /// # Panics
    ///
    /// If the loop is running already.
    pub fn start(&self) -> io::Result<()> {
        self.core.run(&mut |_| false)
    }

    /// Makes [`start`](Self::start) return after the current turn; if the loop does not run yet, after its first one.
    pub fn stop(&self) {
        self.core.stop();
    }

    /// Runs the loop until `future` is done, and returns its result. Other tasks run meanwhile, and stay as they are after it.
    ///
    /// # Errors
    ///
    /// [`RunSyncError::Stopped`] if the loop was stopped before.
    ///
    /// # Panics
    ///
    /// If the loop is running already; and with the panic of `future`.
    #[track_caller]
    pub fn run_sync<F: Future>(&self, future: F) -> Result<F::Output, RunSyncError> {
        let place = Location::caller();
        let locals = Slot::new(Locals::current());
        let key = self.core.add_root();
        let removal = Finally(|| self.core.remove_task(key, || false));
        let mut future = pin!(future);
        let mut output = None;
        let ran = self.core.run(&mut |waker| {
            if output.is_none()
                && let Poll::Ready(value) =
                    locals.run(|| future.as_mut().poll(&mut Context::from_waker(waker)))
            {
                self.core.end_of_work(true);
                output = Some(value);
                self.core.stop();
            }
            self.core.watch.ended(|blocked| blocked.by("coroutine", type_name::<F>(), place));
            output.is_some()
        });
        drop(removal);
        ran.map_err(RunSyncError::Poll)?;
        output.ok_or(RunSyncError::Stopped)
    }

    /// Like [`run_sync`](Self::run_sync), for `limit` at most.
    ///
    /// # Errors
    ///
    /// Also [`RunSyncError::Timeout`]; the coroutine is then dropped.
    #[track_caller]
    pub fn run_sync_within<F: Future>(
        &self,
        limit: Duration,
        future: F,
    ) -> Result<F::Output, RunSyncError> {
        let io_loop = self.clone();
        let timeout = self.call_later(limit, move || io_loop.stop());
        let expired = Cell::new(false);
        // A timeout that is left behind would stop a later run.
        let removal = Finally(|| expired.set(self.core.remove_timeout(timeout.0).is_none()));
        let result = self.run_sync(future);
        drop(removal);
        match result {
            Err(RunSyncError::Stopped) if expired.get() => Err(RunSyncError::Timeout(limit)),
            result => result,
        }
    }

    /// Ends the loop's life: its tasks are cancelled, its timeouts, callbacks and handlers dropped. Descriptors that were given to
    /// [`add_handler`](Self::add_handler) are their owners' to close.
    ///
    /// # Panics
    ///
    /// If the loop is running.
    pub fn close(self) {
        assert!(!self.core.is_running(), "a running loop cannot be closed");
        let outer = Core::set_current(Some(self.core.clone()));
        self.core.close();
        let same = outer.as_ref().is_some_and(|outer| Rc::ptr_eq(outer, &self.core));
        drop(Core::set_current(if same { None } else { outer }));
    }

    /// Starts a coroutine that runs on its own. Its first turn is the loop's next one.
    ///
    /// A panic in it is logged with its type's name and the place of this call, and is what its handle returns.
    #[track_caller]
    pub fn spawn<F: IntoFuture<IntoFuture: 'static>>(&self, future: F) -> JoinHandle<F::Output> {
        task::task(&self.core, Location::caller(), future.into_future())
    }

    /// Runs `callback` in the next turn, after those that were added before it. A panic in it is logged.
    #[track_caller]
    pub fn add_callback(&self, callback: impl FnOnce() + 'static) {
        let origin = Origin::here();
        self.core.push(move |core| origin.run(core, callback));
    }

    /// Runs `callback` with the result of `future`, on the loop and never inside of this call.
    #[track_caller]
    pub fn add_future<F: Future + 'static>(
        &self,
        future: F,
        callback: impl FnOnce(F::Output) + 'static,
    ) {
        let origin = Origin::here();
        let core = self.core.clone();
        drop(self.spawn(async move {
            let output = future.await;
            core.push(move |core| origin.run(core, || callback(output)));
        }));
    }

    /// The present, as of the beginning of this turn. It never goes back, and has nothing to do with the time of day.
    pub fn time(&self) -> Instant {
        self.core.now()
    }

    /// Runs `callback` after `delay`, counted from the beginning of this turn. Timeouts run in the order of their deadlines,
    /// equal ones in the order of their calls.
    #[track_caller]
    pub fn call_later(&self, delay: Duration, callback: impl FnOnce() + 'static) -> Timeout {
        self.add_timeout(delay, callback)
    }

    /// Runs `callback` at `when`, or in the next turn if that has passed.
    #[track_caller]
    pub fn call_at(&self, when: Instant, callback: impl FnOnce() + 'static) -> Timeout {
        self.add_timeout(when, callback)
    }

    /// Runs `callback` at a deadline: an [`Instant`], or a [`Duration`] from now.
    #[track_caller]
    pub fn add_timeout(
        &self,
        deadline: impl Into<Deadline>,
        callback: impl FnOnce() + 'static,
    ) -> Timeout {
        let origin = Origin::here();
        let deadline = self.core.deadline(deadline.into());
        let call = Box::new(move |core: &Core| origin.run(core, callback));
        Timeout(self.core.add_timeout(deadline, Action::Call(Box::new(call))))
    }

    /// Takes a timeout back: it will not run, even if it is due in this very turn. One that has run is ignored.
    pub fn remove_timeout(&self, timeout: Timeout) {
        drop(self.core.remove_timeout(timeout.0));
    }

    /// Calls `handler` whenever `fd` is ready for one of `events`, for as long as it is: unlike the system's edges, this is a
    /// level, as in Tornado. Errors and hang-ups are always reported.
    ///
    /// ```
    /// use gustnado::ioloop::{Events, IOLoop};
    /// use std::io::{Read, Write};
    /// use std::os::{fd::AsRawFd, unix::net::UnixStream};
    ///
    /// let (mut ours, mut theirs) = UnixStream::pair()?;
    /// let io_loop = IOLoop::new()?;
    /// io_loop.add_handler(ours.as_raw_fd(), {
    ///     let mut reader = ours.try_clone()?;
    ///     move |fd, _events| {
    ///         let mut byte = [0];
    ///         std::io::Read::read(&mut &reader, &mut byte).unwrap();
    ///         if byte == *b"b" {
    ///             IOLoop::current().remove_handler(fd);
    ///             IOLoop::current().stop();
    ///         }
    ///     }
    /// }, Events::READ)?;
    /// theirs.write_all(b"ab")?;
    /// io_loop.start()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the descriptor was added before ("added twice"); the system's if it
    /// cannot be waited for.
    #[track_caller]
    pub fn add_handler(
        &self,
        fd: RawFd,
        handler: impl Fn(RawFd, Events) + 'static,
        events: Events,
    ) -> io::Result<()> {
        let origin = Origin::here();
        let handler = move |core: &Core, fd, events| origin.run(core, || handler(fd, events));
        self.core.add_handler(fd, Rc::new(handler), events)
    }

    /// Changes which events a handler is called for; [`Events::NONE`] makes it rest.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the descriptor has no handler.
    pub fn update_handler(&self, fd: RawFd, events: Events) -> io::Result<()> {
        self.core.update_handler(fd, events)
    }

    /// Removes a handler: it is not called again, even if its descriptor is ready in this very turn. Does nothing if there is
    /// none. Call it before the descriptor is closed.
    pub fn remove_handler(&self, fd: RawFd) {
        self.core.remove_handler(fd);
    }

    /// Logs a warning when a task, a callback or the handler of a request has held this loop for longer than `threshold`, with its
    /// name and its place, and when the loop does not come back for a second or more. `None`, which is the beginning, ends that.
    ///
    /// It goes to the target `gustnado.general`. What is told is how long the loop was held at least; the truth is up to a quarter
    /// of the threshold more. Waiting is not holding: a coroutine that awaits lets the others run. In debug builds,
    /// [`#[gustnado::main]`](macro@crate::main) watches its loop by itself; the threads of [`workers`](crate::Application::workers)
    /// follow the loop that starts them.
    ///
    /// ```
    /// use gustnado::ioloop::IOLoop;
    /// use std::time::Duration;
    ///
    /// let io_loop = IOLoop::new()?;
    /// io_loop.set_blocking_log_threshold(Duration::from_millis(100));
    /// io_loop.run_sync(async {
    ///     std::thread::sleep(Duration::from_millis(200)); // IOLoop blocked for 0.197 seconds by coroutine main::{{closure}} (..)
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A thread of the process looks at the watched loops four times within their thresholds; it ends with the last of them. A
    /// [simulated](crate::testing::simulation) loop is never watched: its time stands still while somebody runs.
    pub fn set_blocking_log_threshold(&self, threshold: impl Into<Option<Duration>>) {
        if !self.core.is_simulated() {
            watchdog::set_threshold(&self.core.watch, self.core.id, threshold.into());
        }
    }

    /// What was set as [`set_blocking_log_threshold`](Self::set_blocking_log_threshold).
    pub fn blocking_log_threshold(&self) -> Option<Duration> {
        watchdog::threshold(&self.core.watch)
    }

    /// What other threads use to reach this loop.
    pub fn handle(&self) -> Handle {
        Handle::new(&self.core)
    }
}

/// Does something when it is dropped, so also when a coroutine panics.
struct Finally<F: FnMut()>(F);

impl<F: FnMut()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl fmt::Debug for IOLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IOLoop").field("running", &self.core.is_running()).finish_non_exhaustive()
    }
}

impl fmt::Display for RunSyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(limit) => {
                write!(f, "Operation timed out after {} seconds", limit.as_secs_f64())
            }
            Self::Stopped => f.write_str("Event loop stopped before Future completed."),
            Self::Poll(error) => write!(f, "the loop cannot wait for events: {error}"),
        }
    }
}

impl std::error::Error for RunSyncError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Poll(error) => Some(error),
            _ => None,
        }
    }
}

/// When something is over: at an [`Instant`], or after a [`Duration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// At this moment.
    At(Instant),
    /// So long from now.
    In(Duration),
}

impl From<Instant> for Deadline {
    fn from(when: Instant) -> Self {
        Self::At(when)
    }
}

impl From<Duration> for Deadline {
    fn from(delay: Duration) -> Self {
        Self::In(delay)
    }
}

impl Core {
    /// The loop of this thread, made if there is none.
    pub(crate) fn current_or_new() -> io::Result<Rc<Self>> {
        match Self::current() {
            Some(core) => Ok(core),
            None => IOLoop::new().map(|io_loop| io_loop.core),
        }
    }

    /// The same for those who cannot fail; it panics as [`IOLoop::current`] does.
    pub(crate) fn current_or_panic() -> Rc<Self> {
        IOLoop::current().core
    }
}
