//! Not waiting for ever.

use super::{Outcome, Sleep};
use crate::ioloop::{Deadline, Frame, spawn};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Waits for `future` until `deadline`, an [`Instant`](std::time::Instant) or a [`Duration`](std::time::Duration) from now.
///
/// As in Tornado, **running out of time does not end the operation**: it goes on in the background, and if it fails there, the
/// failure is logged, unless [`quiet`](WithTimeout::quiet) forbids that. To end it, use [`cancel_after`]. A future that is
/// ready at once wins, even if the deadline has passed.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{sleep, with_timeout};
/// use std::time::Duration;
///
/// assert!(with_timeout(Duration::from_secs(1), sleep(Duration::from_millis(1))).await.is_ok());
/// assert!(with_timeout(Duration::from_millis(1), sleep(Duration::from_secs(1))).await.is_err());
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`TimeoutError`] if the deadline came first.
pub fn with_timeout<F>(deadline: impl Into<Deadline>, future: F) -> WithTimeout<F::Output>
where
    F: IntoFuture<Output: Outcome, IntoFuture: 'static>,
{
    let operation = Some(Frame::new(future.into_future()));
    WithTimeout { operation, sleep: Sleep::new(deadline.into()), quiet: false }
}

/// Waits for `future` until `deadline`, and drops it then, which cancels it.
///
/// Unlike [`with_timeout`], it takes futures that borrow. Dropping a [`JoinHandle`](crate::ioloop::JoinHandle) does not cancel its
/// task.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{cancel_after, sleep};
/// use std::time::Duration;
///
/// let mut steps = 0;
/// let endless = async {
///     loop {
///         steps += 1;
///         sleep(Duration::from_millis(10)).await;
///     }
/// };
/// let result: Result<(), _> = cancel_after(Duration::from_millis(25), endless).await;
/// assert!(result.is_err() && steps > 1);
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`TimeoutError`] if the deadline came first.
pub fn cancel_after<F: IntoFuture>(
    deadline: impl Into<Deadline>,
    future: F,
) -> CancelAfter<F::IntoFuture> {
    CancelAfter { future: future.into_future(), sleep: Sleep::new(deadline.into()) }
}

/// The deadline came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeoutError(());

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timeout")
    }
}

impl std::error::Error for TimeoutError {}

/// The future of [`with_timeout`].
#[derive(Debug)]
#[must_use = "futures do nothing until they are awaited"]
pub struct WithTimeout<T> {
    operation: Option<Frame<T>>,
    sleep: Sleep,
    quiet: bool,
}

impl<T> WithTimeout<T> {
    /// Keeps a failure that comes after the deadline out of the log.
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }
}

impl<T: Outcome + 'static> Future for WithTimeout<T> {
    type Output = Result<T, TimeoutError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(operation) = &mut this.operation
            && let Poll::Ready(outcome) = Pin::new(operation).poll(cx)
        {
            this.operation = None;
            return Poll::Ready(Ok(outcome));
        }
        if Pin::new(&mut this.sleep).poll(cx).is_pending() {
            return Poll::Pending;
        }
        if let Some(operation) = this.operation.take() {
            drop(spawn(go_on(operation, this.quiet)));
        }
        Poll::Ready(Err(TimeoutError(())))
    }
}

/// Lives on after the timeout.
async fn go_on<T: Outcome>(operation: Frame<T>, quiet: bool) {
    if let Err(error) = operation.await.into_result()
        && !quiet
    {
        tracing::error!(target: "gustnado.application", "Future exception after timeout: {error}");
    }
}

pin_project! {
    /// The future of [`cancel_after`].
    #[derive(Debug)]
    #[must_use = "futures do nothing until they are awaited"]
    pub struct CancelAfter<F> {
        #[pin]
        future: F,
        sleep: Sleep,
    }
}

impl<F: Future> Future for CancelAfter<F> {
    type Output = Result<F::Output, TimeoutError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(this.sleep).poll(cx).map(|()| Err(TimeoutError(())))
    }
}
