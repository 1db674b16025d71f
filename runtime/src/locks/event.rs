//! Waiting until something is so.

use super::condition::{Condition, Wait};
use crate::coroutine::{TimeoutError, cancel_after};
use crate::ioloop::Deadline;
use std::cell::Cell;
use std::fmt;
use std::future::Future;

/// A flag that coroutines can wait for. It begins cleared.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::{coroutine::moment, ioloop::spawn, locks::Event};
/// use std::rc::Rc;
///
/// let event = Rc::new(Event::new());
/// let waiter = spawn({
///     let event = event.clone();
///     async move { event.wait().await }
/// });
/// moment().await;
/// assert!(!waiter.is_finished());
/// event.set();
/// waiter.await.unwrap();
/// event.wait().await; // at once, as long as it is set
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Event {
    set: Cell<bool>,
    condition: Condition,
}

impl Event {
    /// An event that is not set.
    pub const fn new() -> Self {
        Self { set: Cell::new(false), condition: Condition::new() }
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.set.get()
    }

    /// Sets it, and wakes all that wait. Clearing it afterwards does not change that they go on.
    pub fn set(&self) {
        if !self.set.replace(true) {
            self.condition.notify_all();
        }
    }

    /// Clears it: who waits from now on waits for the next [`set`](Self::set).
    pub fn clear(&self) {
        self.set.set(false);
    }

    /// Waits until it is set, which may be now. The wait begins with this call, not when it is first polled.
    pub fn wait(&self) -> Wait<'_> {
        if self.is_set() { Wait::over(&self.condition) } else { self.condition.wait() }
    }

    /// Waits until it is set, until `deadline` at most. Tornado's `wait(timeout)`.
    ///
    /// # Errors
    ///
    /// [`TimeoutError`] if the deadline came first. An event that is set is never late.
    pub fn wait_until(
        &self,
        deadline: impl Into<Deadline>,
    ) -> impl Future<Output = Result<(), TimeoutError>> {
        cancel_after(deadline, self.wait())
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("set", &self.set).finish_non_exhaustive()
    }
}
