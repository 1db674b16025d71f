//! Letting in so many at a time.

use super::waiters::{Removed, Waiters};
use crate::coroutine::{TimeoutError, cancel_after};
use crate::ioloop::{Deadline, Key};
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// A number of permits; who finds none waits in line.
///
/// A permit that is released goes to the first who waits, and nobody can take it before them. One that was on its way to somebody
/// who was dropped goes to the next.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::locks::Semaphore;
/// use std::time::Duration;
///
/// let semaphore = Semaphore::new(2);
/// let first = semaphore.acquire().await;
/// let second = semaphore.acquire().await;
/// assert!(semaphore.try_acquire().is_none());
/// assert!(semaphore.acquire_within(Duration::from_millis(1)).await.is_err());
/// drop(first);
/// assert_eq!(semaphore.available(), 1);
/// # drop(second);
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Semaphore {
    /// If this is not 0, nobody waits.
    available: Cell<usize>,
    /// So many permits were forgotten, and not released since.
    forgotten: Cell<usize>,
    waiters: Waiters<()>,
}

impl Semaphore {
    /// A semaphore with `permits` permits; with 0, everybody waits for the first [`release`](Self::release).
    pub const fn new(permits: usize) -> Self {
        let available = Cell::new(permits);
        Self { available, forgotten: Cell::new(0), waiters: Waiters::new() }
    }

    /// Waits for a permit. The place in the line is that of the first poll.
    pub fn acquire(&self) -> Acquire<'_> {
        Acquire { semaphore: self, waiter: None }
    }

    /// Waits for a permit until `deadline`. Tornado's `acquire(timeout)`.
    ///
    /// # Errors
    ///
    /// [`TimeoutError`] if the deadline came first. A permit that is there at once is never late.
    pub fn acquire_within(
        &self,
        deadline: impl Into<Deadline>,
    ) -> impl Future<Output = Result<Permit<'_>, TimeoutError>> {
        let acquire = cancel_after(deadline, self.acquire());
        async {
            // In a block, so that it leaves the line when it is too late, and not only when somebody drops this future.
            let permit = acquire.await?;
            Ok(permit)
        }
    }

    /// Waits for a permit that does not borrow the semaphore, so that it can move into a task.
    ///
    /// ```
    /// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
    /// use gustnado::{coroutine::moment, ioloop::spawn, locks::Semaphore};
    /// use std::rc::Rc;
    ///
    /// let semaphore = Rc::new(Semaphore::new(10)); // so many fetches at once
    /// for _ in 0..1000 {
    ///     let permit = semaphore.clone().acquire_owned().await;
    ///     spawn(async move {
    ///         moment().await;
    ///         drop(permit);
    ///     });
    /// }
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn acquire_owned(self: Rc<Self>) -> OwnedPermit {
        mem::forget(self.acquire().await);
        OwnedPermit { semaphore: self }
    }

    /// A permit, if there is one.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let left = self.available.get().checked_sub(1)?;
        self.available.set(left);
        Some(Permit { semaphore: self })
    }

    /// Adds a permit: one that was [forgotten](Permit::forget), or one more than there were.
    pub fn release(&self) {
        self.forgotten.set(self.forgotten.get().saturating_sub(1));
        self.give();
    }

    /// How many permits can be had at once.
    pub fn available(&self) -> usize {
        self.available.get()
    }

    /// Hands a permit to the first who waits.
    fn give(&self) {
        match self.waiters.serve(()) {
            Ok(served) => served.wake(),
            Err(()) => self.available.set(self.available.get().saturating_add(1)),
        }
    }

    #[cfg(test)]
    pub(super) fn has_never_kept_anybody_waiting(&self) -> bool {
        self.waiters.is_untouched()
    }
}

impl Default for Semaphore {
    /// One permit, as in Tornado.
    fn default() -> Self {
        Self::new(1)
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (available, waiters) = (self.available(), &self.waiters);
        f.debug_tuple("Semaphore").field(&available).field(waiters).finish()
    }
}

/// A [`Semaphore`] that never has more permits than it began with.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::locks::BoundedSemaphore;
///
/// let semaphore = BoundedSemaphore::new(1);
/// semaphore.acquire().await.forget();
/// assert!(semaphore.release().is_ok());
/// assert_eq!(semaphore.release().unwrap_err().to_string(), "Semaphore released too many times");
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct BoundedSemaphore {
    semaphore: Semaphore,
}

impl BoundedSemaphore {
    /// A semaphore with `permits` permits.
    pub const fn new(permits: usize) -> Self {
        Self { semaphore: Semaphore::new(permits) }
    }

    /// Waits for a permit; see [`Semaphore::acquire`].
    pub fn acquire(&self) -> Acquire<'_> {
        self.semaphore.acquire()
    }

    /// Waits for a permit until `deadline`; see [`Semaphore::acquire_within`].
    ///
    /// # Errors
    ///
    /// [`TimeoutError`] if the deadline came first.
    pub fn acquire_within(
        &self,
        deadline: impl Into<Deadline>,
    ) -> impl Future<Output = Result<Permit<'_>, TimeoutError>> {
        self.semaphore.acquire_within(deadline)
    }

    /// A permit, if there is one.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.semaphore.try_acquire()
    }

    /// Brings back a permit that was [forgotten](Permit::forget).
    ///
    /// # Errors
    ///
    /// [`ReleaseError`] if none was. A permit that somebody still holds comes back when it is dropped.
    pub fn release(&self) -> Result<(), ReleaseError> {
        if self.semaphore.forgotten.get() == 0 {
            return Err(ReleaseError(()));
        }
        self.semaphore.release();
        Ok(())
    }

    /// How many permits can be had at once.
    pub fn available(&self) -> usize {
        self.semaphore.available()
    }
}

/// A [`BoundedSemaphore`] was released more often than it was acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseError(());

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Semaphore released too many times")
    }
}

impl std::error::Error for ReleaseError {}

/// A permit of a semaphore, which goes back when this is dropped.
#[derive(Debug)]
#[must_use = "a permit goes back as soon as it is dropped"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Permit<'_> {
    /// Keeps the permit from going back: somebody will call [`release`](Semaphore::release) for it, or never.
    pub fn forget(self) {
        self.semaphore.forgotten.set(self.semaphore.forgotten.get().saturating_add(1));
        mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.semaphore.give();
    }
}

/// A permit that keeps its semaphore alive; see [`Semaphore::acquire_owned`].
#[derive(Debug)]
#[must_use = "a permit goes back as soon as it is dropped"]
pub struct OwnedPermit {
    semaphore: Rc<Semaphore>,
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        self.semaphore.give();
    }
}

/// The future of [`Semaphore::acquire`].
#[must_use = "a permit is acquired only when this is awaited"]
pub struct Acquire<'a> {
    semaphore: &'a Semaphore,
    /// None before the first poll, and when it is over.
    waiter: Option<Key>,
}

impl<'a> Future for Acquire<'a> {
    type Output = Permit<'a>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit<'a>> {
        let semaphore = self.semaphore;
        if let Some(waiter) = self.waiter {
            if semaphore.waiters.poll(waiter, cx.waker()).is_pending() {
                return Poll::Pending;
            }
            self.waiter = None;
            return Poll::Ready(Permit { semaphore });
        }
        if let Some(permit) = semaphore.try_acquire() {
            return Poll::Ready(permit);
        }
        self.waiter = Some(semaphore.waiters.add((), Some(cx.waker())));
        Poll::Pending
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        let Some(waiter) = self.waiter else { return };
        if let Some(Removed::Served(())) = self.semaphore.waiters.remove(waiter) {
            self.semaphore.give();
        }
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("waiting", &self.waiter.is_some()).finish_non_exhaustive()
    }
}
