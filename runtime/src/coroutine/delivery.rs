//! What a callback leaves for who waits for it.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// The place where a callback puts its argument. It may do so on another thread, where wakers work, too.
pub(super) struct Delivery<T>(Mutex<State<T>>);

enum State<T> {
    /// The callback may still be called; this one is to be woken then.
    Pending(Option<Waker>),
    Called(T),
    /// What it was called with is taken, or it was dropped.
    Over,
}

/// The callback's end: dropped, it says that there will be no call.
pub(super) struct Caller<T>(Arc<Delivery<T>>);

impl<T> Delivery<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State::Pending(None))))
    }

    /// The callback's end. There is one.
    pub(super) fn caller(self: &Arc<Self>) -> Caller<T> {
        Caller(self.clone())
    }

    /// Ready when the callback was called, or dropped; until then, it will wake `waker`.
    pub(super) fn poll(&self, waker: &Waker) -> Poll<()> {
        let known = match &*self.state() {
            State::Pending(current) => {
                current.as_ref().is_some_and(|current| current.will_wake(waker))
            }
            _ => return Poll::Ready(()),
        };
        if known {
            return Poll::Pending;
        }
        // Cloned and dropped while nothing is locked: wakers may be anybody's.
        let new = waker.clone();
        let old = match &mut *self.state() {
            State::Pending(current) => current.replace(new),
            // Called meanwhile, by another thread.
            _ => return Poll::Ready(()),
        };
        drop(old);
        Poll::Pending
    }

    /// What the callback was called with; `None` if it was not, or if it is taken already.
    pub(super) fn take(&self) -> Option<T> {
        let state = &mut *self.state();
        match mem::replace(state, State::Over) {
            State::Called(value) => Some(value),
            other => {
                *state = other;
                None
            }
        }
    }

    fn settle(&self, settled: State<T>) {
        let before = match &mut *self.state() {
            state @ State::Pending(_) => mem::replace(state, settled),
            _ => return,
        };
        if let State::Pending(Some(waker)) = before {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Caller<T> {
    pub(super) fn call(self, value: T) {
        self.0.settle(State::Called(value));
    }
}

impl<T> Drop for Caller<T> {
    fn drop(&mut self) {
        self.0.settle(State::Over);
    }
}

impl<T> fmt::Debug for Delivery<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.state() {
            State::Pending(_) => "pending",
            State::Called(_) => "called",
            State::Over => "over",
        })
    }
}
