//! What must come to its end.

use super::Outcome;
use crate::ioloop::{Core, Failure, Frame, report, spawn};
use std::any::type_name;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Lets `future` come to its end once it has begun, although who awaits it is dropped.
///
/// It then goes on as a task of its own, and if it fails there, the [error handlers](crate::ioloop::ErrorHandler) or the log are
/// told. A coroutine is dropped when its task is [cancelled](crate::ioloop::JoinHandle::cancel), when
/// [`cancel_after`](super::cancel_after) or a [`scope`](fn@super::scope) ends it, and a handler also when its client leaves: after each
/// `await` it may never go on. What belongs together goes into one shield:
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{cancel_after, shield, sleep};
/// use std::{cell::Cell, rc::Rc, time::Duration};
///
/// let saved = Rc::new(Cell::new(0));
/// let save = {
///     let saved = saved.clone();
///     async move {
///         saved.set(saved.get() + 1);
///         sleep(Duration::from_millis(10)).await;
///         saved.set(saved.get() + 1);
///     }
/// };
/// assert!(cancel_after(Duration::from_millis(1), shield(save)).await.is_err());
/// assert_eq!(saved.get(), 1);
/// sleep(Duration::from_millis(20)).await;
/// assert_eq!(saved.get(), 2);
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Like every future, it begins when it is first polled; dropped before, it does nothing. A loop that is closed ends what is in a
/// shield, too.
#[track_caller]
pub fn shield<F>(future: F) -> Shield<F::Output>
where
    F: IntoFuture<Output: Outcome, IntoFuture: 'static>,
{
    Shield {
        operation: Some(Frame::new(future.into_future())),
        begun: false,
        name: type_name::<F>(),
        place: Location::caller(),
    }
}

/// The future of [`shield`](fn@shield).
#[must_use = "futures do nothing until they are awaited"]
pub struct Shield<T: Outcome + 'static> {
    /// `None` when it is over.
    operation: Option<Frame<T>>,
    begun: bool,
    name: &'static str,
    place: &'static Location<'static>,
}

impl<T: Outcome> Future for Shield<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.begun = true;
        // Taken out, so that one that panics is not awaited once more.
        let mut operation = match self.operation.take() {
            Some(operation) => operation,
            None => unreachable!("a future was polled after it was ready"),
        };
        let polled = Pin::new(&mut operation).poll(cx);
        if polled.is_pending() {
            self.operation = Some(operation);
        }
        polled
    }
}

impl<T: Outcome> Drop for Shield<T> {
    fn drop(&mut self) {
        if let Some(operation) = self.operation.take_if(|_| self.begun)
            && Core::current().is_some()
        {
            drop(spawn(go_on(operation, self.name, self.place)));
        }
    }
}

/// Lives on without who has awaited it.
async fn go_on<T: Outcome>(
    operation: Frame<T>,
    name: &'static str,
    place: &'static Location<'static>,
) {
    if let Err(error) = operation.await.into_result() {
        report(&Failure::of_error("shielded coroutine", name, place, &format!("{error:#}")));
    }
}

impl<T: Outcome> fmt::Debug for Shield<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shield").field("begun", &self.begun).finish_non_exhaustive()
    }
}
