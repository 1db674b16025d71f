//! Tasks that end with their owner.

use super::task::{JoinError, JoinHandle};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A [`JoinHandle`] that cancels its task when it is dropped.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::{coroutine::sleep, ioloop::spawn};
/// use std::{rc::Rc, time::Duration};
///
/// let held = Rc::new(());
/// let task = spawn({
///     let held = held.clone();
///     async move {
///         sleep(Duration::from_secs(60)).await;
///         drop(held);
///     }
/// })
/// .cancel_on_drop();
/// drop(task);
/// assert_eq!(Rc::strong_count(&held), 1);
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the task is cancelled when this is dropped"]
pub struct CancelOnDrop<T>(JoinHandle<T>);

impl<T> JoinHandle<T> {
    /// Makes the task end when its handle is dropped: a coroutine that is dropped takes such tasks with it.
    pub fn cancel_on_drop(self) -> CancelOnDrop<T> {
        CancelOnDrop(self)
    }
}

impl<T> CancelOnDrop<T> {
    /// Ends the task; see [`JoinHandle::cancel`].
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether the task has ended, in whatever way.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl<T> Future for CancelOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl<T> fmt::Debug for CancelOnDrop<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelOnDrop").field(&self.0).finish()
    }
}
