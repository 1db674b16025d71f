//! Letting in one at a time.

use super::semaphore::{Permit, Semaphore};
use crate::coroutine::{TimeoutError, cancel_after};
use crate::ioloop::Deadline;
use std::cell::{RefCell, RefMut};
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};

/// Lets one coroutine at a time at a value, or, with `Lock<()>`, just through.
///
/// It may be held while something else is awaited, unlike a [`RefCell`]'s borrow. Who waits for it gets it in turn, as with
/// [`Semaphore`]. It is released when its guard is dropped, and cannot be released otherwise, so Tornado's "release unlocked
/// lock" cannot happen. A coroutine that locks twice waits for itself.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::{coroutine::moment, ioloop::spawn, locks::Lock};
/// use std::rc::Rc;
///
/// let total = Rc::new(Lock::new(0));
/// let tasks: Vec<_> = (1..=10)
///     .map(|number| {
///         let total = total.clone();
///         spawn(async move {
///             let mut total = total.acquire().await;
///             let before = *total;
///             moment().await; // the others run, but none of them here
///             *total = before + number;
///         })
///     })
///     .collect();
/// for task in tasks {
///     task.await.unwrap();
/// }
/// assert_eq!(*total.acquire().await, 55);
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Lock<T: ?Sized = ()> {
    permit: Semaphore,
    /// Borrowed by the guard, and nobody else.
    value: RefCell<T>,
}

impl<T> Lock<T> {
    /// A lock that nobody holds.
    pub const fn new(value: T) -> Self {
        Self { permit: Semaphore::new(1), value: RefCell::new(value) }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Lock<T> {
    /// Waits until it is this coroutine's turn.
    pub async fn acquire(&self) -> LockGuard<'_, T> {
        self.guard(self.permit.acquire().await)
    }

    /// The same until `deadline`. Tornado's `acquire(timeout)`.
    ///
    /// # Errors
    ///
    /// [`TimeoutError`] if the deadline came first. A lock that nobody holds is never late.
    pub fn acquire_within(
        &self,
        deadline: impl Into<Deadline>,
    ) -> impl Future<Output = Result<LockGuard<'_, T>, TimeoutError>> {
        let acquire = cancel_after(deadline, self.permit.acquire());
        async { acquire.await.map(|permit| self.guard(permit)) }
    }

    /// The lock, if nobody holds it.
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        self.permit.try_acquire().map(|permit| self.guard(permit))
    }

    /// Whether somebody holds it.
    pub fn is_locked(&self) -> bool {
        self.permit.available() == 0
    }

    /// The value; whoever has the lock for themselves need not lock it.
    pub fn value_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    fn guard<'a>(&'a self, permit: Permit<'a>) -> LockGuard<'a, T> {
        LockGuard { value: self.value.borrow_mut(), _permit: permit }
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("locked", &self.is_locked()).finish_non_exhaustive()
    }
}

/// A lock that is held; dropping this releases it.
#[must_use = "a lock is released as soon as its guard is dropped"]
pub struct LockGuard<'a, T: ?Sized = ()> {
    // First, so that it is given back first: the next one may run as soon as the permit is.
    value: RefMut<'a, T>,
    _permit: Permit<'a>,
}

impl<T: ?Sized> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn nothing_is_allocated_as_long_as_nobody_waits() {
        let lock = Lock::new(0);
        for _ in 0..100 {
            let acquire = pin!(lock.acquire());
            let Poll::Ready(mut guard) = acquire.poll(&mut Context::from_waker(Waker::noop()))
            else {
                panic!("nobody holds it");
            };
            *guard += 1;
            assert!(lock.try_acquire().is_none());
        }
        assert!(lock.permit.has_never_kept_anybody_waiting());
        assert_eq!(lock.into_inner(), 100);
    }
}
