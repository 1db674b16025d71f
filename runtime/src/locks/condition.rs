//! Waiting for a moment.

use super::waiters::{Removed, Served, Waiters};
use crate::coroutine::cancel_after;
use crate::ioloop::{Deadline, Key};
use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Lets coroutines wait until they are notified. No lock has to be held for it.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::{ioloop::spawn, locks::Condition};
/// use std::{rc::Rc, time::Duration};
///
/// let condition = Rc::new(Condition::new());
/// let waiter = spawn({
///     let condition = condition.clone();
///     async move { condition.wait_until(Duration::from_secs(1)).await }
/// });
/// gustnado::coroutine::moment().await;
/// condition.notify(1);
/// assert!(waiter.await.unwrap(), "in time");
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Condition {
    /// Each brings the number it has, and is handed the number that the next one would have had when it was notified.
    waiters: Waiters<u64>,
    next: Cell<u64>,
}

impl Condition {
    /// A condition that nobody waits for.
    pub const fn new() -> Self {
        Self { waiters: Waiters::new(), next: Cell::new(0) }
    }

    /// Waits for a notification. The wait begins with this call, not when it is first polled, so none is missed in between.
    pub fn wait(&self) -> Wait<'_> {
        let number = self.next.get();
        self.next.set(number + 1);
        Wait { condition: self, waiter: Some(self.waiters.add(number, None)) }
    }

    /// Waits for a notification until `deadline`; says whether it came. Tornado's `wait(timeout)`, which never fails either.
    pub fn wait_until(&self, deadline: impl Into<Deadline>) -> impl Future<Output = bool> {
        let mut wait = cancel_after(deadline, self.wait());
        // An async block would hold it twice: as it was captured, and where it is awaited.
        poll_fn(move |cx| Pin::new(&mut wait).poll(cx).map(|outcome| outcome.is_ok()))
    }

    /// Wakes the `count` that have waited longest, or all, if there are fewer. Those who begin to wait afterwards are not meant,
    /// even if they begin before the woken ones have run.
    ///
    /// A notification whose receiver is dropped before it has run goes to the next of those who waited then.
    pub fn notify(&self, count: usize) {
        let before = self.next.get();
        for _ in 0..count {
            if !self.notify_one(before) {
                return;
            }
        }
    }

    /// Wakes all that wait.
    pub fn notify_all(&self) {
        self.notify(usize::MAX);
    }

    /// Wakes the first, if its number is below `before`.
    fn notify_one(&self, before: u64) -> bool {
        let first = self.waiters.first().filter(|number| *number < before);
        first.and_then(|_| self.waiters.serve(before).ok()).map(Served::wake).is_some()
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.waiters).finish()
    }
}

/// The future of [`Condition::wait`] and [`Event::wait`](super::Event::wait).
#[must_use = "it waits only when it is awaited"]
pub struct Wait<'a> {
    condition: &'a Condition,
    /// None once the notification was seen.
    waiter: Option<Key>,
}

impl<'a> Wait<'a> {
    /// A wait that is over.
    pub(super) fn over(condition: &'a Condition) -> Self {
        Self { condition, waiter: None }
    }
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(waiter) = self.waiter {
            if self.condition.waiters.poll(waiter, cx.waker()).is_pending() {
                return Poll::Pending;
            }
            self.waiter = None;
        }
        Poll::Ready(())
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let Some(waiter) = self.waiter else { return };
        if let Some(Removed::Served(before)) = self.condition.waiters.remove(waiter) {
            self.condition.notify_one(before);
        }
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("over", &self.waiter.is_none()).finish_non_exhaustive()
    }
}
