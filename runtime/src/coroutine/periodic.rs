//! Doing something again and again.

use super::{Outcome, caught, sleep_until};
use crate::ioloop::{Core, Failure, Frame, JoinHandle, report, spawn};
use std::any::type_name;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

/// Calls something regularly, on this thread's loop: `tornado.ioloop.PeriodicCallback`.
///
/// What it calls is a function or a coroutine, and returns nothing or a [`Result`]. An error and a panic are logged, and the calls
/// go on.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{PeriodicCallback, sleep};
/// use std::{cell::Cell, rc::Rc, time::Duration};
///
/// let ticks = Rc::new(Cell::new(0));
/// let counted = ticks.clone();
/// let clock = PeriodicCallback::new(move || counted.set(counted.get() + 1), Duration::from_millis(5));
/// clock.start();
///
/// let cleaner = PeriodicCallback::new(async || sleep(Duration::from_millis(1)).await, Duration::from_secs(60)).jitter(0.1);
/// cleaner.start();
///
/// sleep(Duration::from_millis(50)).await;
/// clock.stop();
/// assert!(ticks.get() > 0);
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # When
///
/// The first call comes one period after [`start`](Self::start), and the following ones on the grid that this lays: a call that is
/// late does not delay the next. There is never more than one at a time: what would begin while one is running is left out,
/// not made up for. The clock is monotonic, so setting the time of day changes nothing. (Tornado's is not; one that goes back
/// costs it one more period.)
///
/// | period 10 s, started at 1000; calls take | 9 | 9 | 10 | 11 | 20 | 20 | 35 | 35 | 0 | 0 | 0 |
/// | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
/// | they begin at | 1010 | 1020 | 1030 | 1050 | 1070 | 1100 | 1130 | 1170 | 1210 | 1220 | 1230 |
///
/// # How long
///
/// Until it is [stopped](Self::stop) or dropped; so keep it, for example [in the application](crate::Application::provide), or
/// [detach](Self::detach) it. A call that is running then is not interrupted.
#[must_use = "it stops when it is dropped"]
pub struct PeriodicCallback {
    shared: Rc<Shared>,
}

struct Shared {
    callback: Rc<dyn Call>,
    period: Duration,
    jitter: Cell<f64>,
    /// When the next call is to begin, or when the one that is running should have begun; in the loop's ticks.
    slot: Cell<u64>,
    running: Cell<bool>,
    /// Whether a call is running. Its task is then left alone, and looks for itself how to go on.
    calling: Cell<bool>,
    detached: Cell<bool>,
    task: RefCell<Option<JoinHandle<()>>>,
}

impl PeriodicCallback {
    /// Will call `callback` every `period`, once it is [started](Self::start).
    ///
    /// # Panics
    ///
    /// If the period is zero. (Tornado's `ValueError`.)
    #[track_caller]
    pub fn new<Kind: 'static>(callback: impl Periodic<Kind>, period: Duration) -> Self {
        assert!(!period.is_zero(), "the period of a PeriodicCallback must not be zero");
        let callback = Rc::new(Callee {
            callback: Cell::new(Some(callback)),
            place: Location::caller(),
            kind: PhantomData,
        });
        let shared = Shared {
            callback,
            period,
            jitter: Cell::new(0.0),
            slot: Cell::new(0),
            running: Cell::new(false),
            calling: Cell::new(false),
            detached: Cell::new(false),
            task: RefCell::default(),
        };
        Self { shared: Rc::new(shared) }
    }

    /// Makes each period longer or shorter by chance, by up to half of this fraction: of 0.1, by 5 % to either side. It keeps
    /// programs that were started together from doing the same thing at the same moment. 0 unless set.
    ///
    /// # Panics
    ///
    /// If the fraction is not between 0 and 1.
    pub fn jitter(self, fraction: f64) -> Self {
        assert!((0.0..=1.0).contains(&fraction), "a jitter is a fraction, not {fraction}");
        self.shared.jitter.set(fraction);
        self
    }

    /// Begins to call; the first time after one period. Does nothing if it was started before and not stopped since.
    ///
    /// # Panics
    ///
    /// If the thread has no loop and none can be made.
    pub fn start(&self) {
        if self.shared.running.replace(true) {
            return;
        }
        let core = Core::current_or_panic();
        self.shared.slot.set(core.clock());
        self.shared.advance(&core);
        if !self.shared.calling.get() {
            let task = spawn(run(core, self.shared.clone()));
            *self.shared.task.borrow_mut() = Some(task);
        }
    }

    /// Ends the calls. One that is running goes on to its end. It may be started again, which lays another grid.
    pub fn stop(&self) {
        self.shared.running.set(false);
        if !self.shared.calling.get()
            && let Some(task) = self.shared.task.take()
        {
            task.cancel();
        }
    }

    /// Whether it was started, and not stopped since.
    pub fn is_running(&self) -> bool {
        self.shared.running.get()
    }

    /// Lets it run as long as its loop.
    pub fn detach(self) {
        self.shared.detached.set(true);
    }
}

impl Drop for PeriodicCallback {
    fn drop(&mut self) {
        if !self.shared.detached.get() {
            self.stop();
        }
    }
}

impl fmt::Debug for PeriodicCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeriodicCallback")
            .field("period", &self.shared.period)
            .field("running", &self.is_running())
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Moves on to the next slot that is still to come.
    fn advance(&self, core: &Core) {
        let period = u64::try_from(self.period.as_nanos()).unwrap_or(u64::MAX);
        let period = core.jittered(period, self.jitter.get());
        self.slot.set(next_slot(self.slot.get(), core.clock(), period));
    }
}

async fn run(core: Rc<Core>, shared: Rc<Shared>) {
    while shared.running.get() {
        let slot = shared.slot.get();
        sleep_until(core.instant(slot)).await;
        shared.calling.set(true);
        shared.callback.clone().call().await;
        shared.calling.set(false);
        // If it differs, it was started afresh during the call.
        if shared.slot.get() == slot {
            shared.advance(&core);
        }
    }
}

/// The first slot after `now`, and after `slot`.
fn next_slot(slot: u64, now: u64, period: u64) -> u64 {
    let passed = now.saturating_sub(slot) / period;
    slot.saturating_add(passed.saturating_add(1).saturating_mul(period))
}

/// What a [`PeriodicCallback`] can call: a function or a coroutine without arguments, which returns nothing or a [`Result`].
///
/// `Kind` tells the two apart, and is never named.
pub trait Periodic<Kind>: 'static {
    /// Calls it once; an error comes back as a text.
    fn call(&mut self) -> impl Future<Output = Result<(), String>>;
}

impl<F, O> Periodic<fn() -> O> for F
where
    F: FnMut() -> O + 'static,
    O: Outcome,
{
    async fn call(&mut self) -> Result<(), String> {
        text(self())
    }
}

impl<F, O> Periodic<Coroutine<O>> for F
where
    F: AsyncFnMut() -> O + 'static,
    O: Outcome,
{
    async fn call(&mut self) -> Result<(), String> {
        text(self().await)
    }
}

/// The kind of callbacks that are coroutines.
#[derive(Debug)]
pub struct Coroutine<O>(PhantomData<fn() -> O>);

fn text(outcome: impl Outcome) -> Result<(), String> {
    outcome.into_result().map(drop).map_err(|error| format!("{error:#}"))
}

/// A callback of any type.
trait Call {
    fn call(self: Rc<Self>) -> Frame<()>;
}

struct Callee<C, Kind> {
    /// Not there while it is being called.
    callback: Cell<Option<C>>,
    place: &'static Location<'static>,
    kind: PhantomData<fn(Kind)>,
}

impl<C: Periodic<Kind>, Kind: 'static> Call for Callee<C, Kind> {
    fn call(self: Rc<Self>) -> Frame<()> {
        Frame::new(async move {
            let Some(mut callback) = self.callback.take() else { return };
            let (name, place) = (type_name::<C>(), self.place);
            let result = caught(callback.call()).await;
            // Each call is a coroutine of its own.
            Core::current_or_panic().end_of_work(matches!(result, Ok(Ok(()))));
            match result {
                Ok(Ok(())) => {}
                Ok(Err(error)) => report(&Failure::of_error("callback", name, place, &error)),
                Err(payload) => report(&Failure::of_panic("callback", name, place, &*payload)),
            }
            self.callback.set(Some(callback));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::next_slot;

    /// Begins of calls that take so long, if nothing else delays them.
    fn begins(start: u64, period: u64, durations: &[u64]) -> Vec<u64> {
        let mut now = start;
        let mut slot = start;
        let begin = |duration| {
            slot = next_slot(slot, now, period);
            now = slot + duration;
            slot
        };
        durations.iter().copied().map(begin).collect()
    }

    #[test]
    fn test_basic() {
        assert_eq!(begins(1000, 10, &[0; 5]), [1010, 1020, 1030, 1040, 1050]);
    }

    #[test]
    fn test_overrun() {
        assert_eq!(
            begins(1000, 10, &[9, 9, 10, 11, 20, 20, 35, 35, 0, 0, 0]),
            [1010, 1020, 1030, 1050, 1070, 1100, 1130, 1170, 1210, 1220, 1230]
        );
    }

    #[test]
    fn test_clock_backwards() {
        assert_eq!(next_slot(1010, 1000, 10), 1020);
    }

    #[test]
    fn a_grid_that_would_leave_time_itself_ends_with_it() {
        assert_eq!(next_slot(u64::MAX - 1, u64::MAX, 10), u64::MAX);
        assert_eq!(next_slot(0, u64::MAX, 1), u64::MAX);
        assert_eq!(next_slot(5, 5, u64::MAX), u64::MAX);
    }
}
