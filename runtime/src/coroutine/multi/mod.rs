//! Waiting for many things at once.

mod shape;
mod slot;

pub use shape::Shape;
pub(super) use slot::Slots;

use crate::ioloop::{Children, Core};
use pin_project_lite::pin_project;
use shape::{Failures, Running};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Waits for all of `children`: a tuple, an array, a `Vec`, or a map from names to futures. The results come back in the same
/// shape and order.
///
/// As in Tornado, it waits until every child has ended. If some failed, the first failure, in the order of the children, is
/// returned, and the others are logged, unless [`quiet`](MultiFuture::quiet) forbids that. Dropping it drops the children.
/// Each child is polled only when it was itself woken.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::Multi;
/// use std::{collections::BTreeMap, num::ParseIntError};
///
/// async fn parse(text: &str) -> Result<u32, ParseIntError> {
///     text.parse()
/// }
///
/// let (one, two) = Multi((parse("1"), parse("2"))).await?;
/// let many: Vec<u32> = Multi(vec![parse("3"), parse("4")]).await?;
/// let named = Multi(BTreeMap::from([("five", parse("5"))])).await?;
/// assert_eq!((one, two, many, named["five"]), (1, 2, vec![3, 4], 5));
/// assert!(Multi([parse("6"), parse("seven")]).await.is_err());
/// # Ok::<(), ParseIntError>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[allow(non_snake_case, reason = "the yield point's name in Tornado, where it is a class")]
pub fn Multi<S: Shape>(children: S) -> MultiFuture<S> {
    MultiFuture { running: children.begin(), family: None, unfinished: None, quiet: false }
}

pin_project! {
    /// The future of [`Multi`](fn@Multi).
    #[must_use = "futures do nothing until they are awaited"]
    pub struct MultiFuture<S: Shape> {
        #[pin]
        running: S::Running,
        family: Option<Children>,
        unfinished: Option<usize>,
        quiet: bool,
    }
}

impl<S: Shape> MultiFuture<S> {
    /// Keeps all failures but the first out of the log.
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }
}

impl<S: Shape> Future for MultiFuture<S> {
    type Output = Result<S::Values, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let unfinished = this.unfinished.get_or_insert_with(|| this.running.len());
        let family = match this.family {
            Some(family) => {
                family.set_parent(cx.waker());
                family
            }
            None => {
                let family =
                    this.family.insert(Children::new(Core::current_or_panic(), cx.waker()));
                family.add(u32::try_from(*unfinished).unwrap_or(u32::MAX));
                family
            }
        };
        let mut woken = family.woken();
        while let Some(key) = woken
            && let Some((index, next)) = family.take(key)
        {
            woken = next;
            let waker = family.waker(key);
            if this.running.as_mut().poll_child(index as usize, &mut Context::from_waker(&waker)) {
                *unfinished -= 1;
            }
        }
        if *unfinished > 0 {
            return Poll::Pending;
        }
        *this.family = None;
        let mut failures = Failures::new(*this.quiet);
        let values = this.running.finish(&mut failures);
        Poll::Ready(match (failures.first, values) {
            (None, Some(values)) => Ok(values),
            (Some(error), _) => Err(error),
            (None, None) => unreachable!("a future was polled after it was ready"),
        })
    }
}

impl<S: Shape> fmt::Debug for MultiFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multi").field("unfinished", &self.unfinished).finish_non_exhaustive()
    }
}
