//! Letting time pass.

use crate::ioloop::{Action, Core, Deadline, Key};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Waits until `duration` has passed, counted from the beginning of this turn of the loop.
///
/// It never ends early, and usually within a millisecond after. `Duration::ZERO` lets the timeouts that are due go first.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::sleep;
/// use std::time::{Duration, Instant};
///
/// let begin = Instant::now();
/// sleep(Duration::from_millis(20)).await;
/// assert!(begin.elapsed() >= Duration::from_millis(20));
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::new(duration.into())
}

/// Waits until `when`; the next turn if that has passed.
pub fn sleep_until(when: Instant) -> Sleep {
    Sleep::new(when.into())
}

/// Lets everybody else who is ready have one turn of the loop.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::{coroutine::moment, ioloop::spawn};
///
/// let other = spawn(async {});
/// assert!(!other.is_finished());
/// moment().await;
/// assert!(other.is_finished());
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn moment() -> Moment {
    Moment { passed: false }
}

/// The future of [`sleep`].
#[must_use = "sleeping does nothing until it is awaited"]
pub struct Sleep {
    core: Rc<Core>,
    /// In the loop's ticks.
    deadline: u64,
    key: Option<Key>,
}

impl Sleep {
    pub(super) fn new(deadline: Deadline) -> Self {
        let core = Core::current_or_panic();
        let deadline = core.deadline(deadline);
        Self { core, deadline, key: None }
    }

    /// When it ends.
    pub fn deadline(&self) -> Instant {
        self.core.instant(self.deadline)
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(key) = self.key {
            return self.core.poll_timeout(key, cx.waker());
        }
        let key = self.core.add_timeout(self.deadline, Action::Wake(cx.waker().clone()));
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            drop(self.core.remove_timeout(key));
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline()).finish_non_exhaustive()
    }
}

/// The future of [`moment`].
#[derive(Debug)]
#[must_use = "a moment passes only when it is awaited"]
pub struct Moment {
    passed: bool,
}

impl Future for Moment {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.passed {
            return Poll::Ready(());
        }
        self.passed = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
