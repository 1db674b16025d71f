//! A job: one block of memory that a thread works on and a coroutine waits for.

use super::super::failure::{Failure, report};
use super::super::locals::Locals;
use super::super::task::JoinError;
use std::any::type_name;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use tracing::Span;

/// A job as the threads see it.
pub(super) trait Work: Send + Sync {
    /// Does it.
    fn run(&self);

    /// Says that it will not be done.
    fn refuse(&self);
}

/// A job as who waits for it sees it.
pub(super) trait Answer<T>: Send + Sync {
    /// Its result, which is handed out once.
    fn poll(&self, waker: &Waker) -> Poll<Result<T, JoinError>>;

    /// Nobody waits any more.
    fn abandon(&self);
}

pub(super) struct Job<F, T> {
    state: Mutex<State<F, T>>,
    /// Of the request that it is for. Other locals stay on their thread.
    span: Option<Span>,
    place: &'static Location<'static>,
}

struct State<F, T> {
    /// Until it begins.
    work: Option<F>,
    result: Option<Result<T, JoinError>>,
    waker: Option<Waker>,
    abandoned: bool,
}

impl<F, T> Job<F, T> {
    pub(super) fn new(work: F, place: &'static Location<'static>) -> Self {
        let state = State { work: Some(work), result: None, waker: None, abandoned: false };
        Self { state: Mutex::new(state), span: Locals::current().span().cloned(), place }
    }

    fn state(&self) -> MutexGuard<'_, State<F, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, result: Result<T, JoinError>) {
        let mut state = self.state();
        if state.abandoned {
            drop(state);
            return self.discard(result);
        }
        state.result = Some(result);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Nobody hears of a panic but the log.
    fn discard(&self, result: Result<T, JoinError>) {
        let dropped = catch_unwind(AssertUnwindSafe(|| result.map(drop)));
        let panic = match dropped {
            Ok(result) => result.err().and_then(JoinError::into_panic),
            Err(payload) => Some(payload),
        };
        if let Some(payload) = panic {
            report(&Failure::of_panic("job", type_name::<F>(), self.place, &*payload));
        }
    }
}

impl<F, T> Work for Job<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(&self) {
        let Some(work) = self.state().work.take() else { return };
        let _span = self.span.as_ref().map(Span::enter);
        self.finish(catch_unwind(AssertUnwindSafe(work)).map_err(JoinError::panicked));
    }

    fn refuse(&self) {
        self.finish(Err(JoinError::cancelled()));
    }
}

impl<F: Send, T: Send> Answer<T> for Job<F, T> {
    fn poll(&self, waker: &Waker) -> Poll<Result<T, JoinError>> {
        let mut state = self.state();
        if let Some(result) = state.result.take() {
            return Poll::Ready(result);
        }
        match &mut state.waker {
            Some(known) => known.clone_from(waker),
            None => state.waker = Some(waker.clone()),
        }
        Poll::Pending
    }

    fn abandon(&self) {
        let mut state = self.state();
        state.abandoned = true;
        let result = state.result.take();
        drop(state);
        if let Some(result) = result {
            self.discard(result);
        }
    }
}
