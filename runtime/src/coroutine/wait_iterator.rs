//! Waiting for many things, one after the other, as they come.

use super::multi::Slots;
use crate::ioloop::{Children, Core, Key};
use futures_core::Stream;
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Yields the results of futures in the order of their completion.
///
/// [`next`](Self::next) waits for one of them; after it, [`current_index`](Self::current_index) says whose result that was: by its
/// number, or by a [name](Self::named). A failure is a result like any other, and the next ones can be waited for. It is a
/// [`Stream`], too. Each future is polled only when it was itself woken; those that have not ended are dropped with the iterator.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::coroutine::{WaitIterator, sleep};
/// use std::time::Duration;
///
/// async fn job(milliseconds: u64) -> u64 {
///     sleep(Duration::from_millis(milliseconds)).await;
///     milliseconds
/// }
///
/// let mut jobs = WaitIterator::new([job(30), job(10), job(20)]);
/// let mut order = Vec::new();
/// while let Some(result) = jobs.next().await {
///     order.push((jobs.current_index().copied(), result));
/// }
/// assert_eq!(order, [(Some(1), 10), (Some(2), 20), (Some(0), 30)]);
///
/// let mut jobs = WaitIterator::named([("slow", job(20)), ("quick", job(10))]);
/// jobs.next().await;
/// assert_eq!(jobs.current_index(), Some(&"quick"));
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "futures do nothing until they are awaited"]
pub struct WaitIterator<F: Future, K = usize> {
    children: Slots<F>,
    names: Vec<K>,
    unfinished: usize,
    /// Whose result was yielded last.
    current: Option<usize>,
    family: Option<Children>,
    /// Whether the last look was interrupted by a result.
    looking: bool,
    /// The next one to look at, of those that were woken.
    woken: Option<Key>,
}

impl<F: Future> WaitIterator<F> {
    /// Waits for `futures`, which are numbered from 0 on.
    pub fn new<I>(futures: I) -> Self
    where
        I: IntoIterator<Item: IntoFuture<IntoFuture = F>>,
    {
        Self::named(futures.into_iter().enumerate())
    }
}

impl<F: Future, K> WaitIterator<F, K> {
    /// Waits for futures with names: pairs, such as those of a map.
    pub fn named<I, A>(futures: I) -> Self
    where
        I: IntoIterator<Item = (K, A)>,
        A: IntoFuture<IntoFuture = F>,
    {
        let futures = futures.into_iter().map(|(name, future)| (name, future.into_future()));
        let (names, children): (Vec<K>, Vec<F>) = futures.unzip();
        Self {
            unfinished: children.len(),
            children: Slots::new(children),
            names,
            current: None,
            family: None,
            looking: false,
            woken: None,
        }
    }

    /// The next result; `None` if there are no more. Nothing is lost if it is dropped before it is ready.
    pub async fn next(&mut self) -> Option<F::Output> {
        poll_fn(|cx| self.poll_result(cx)).await
    }

    /// The number, or the name, of the future whose result was yielded last; `None` before the first and after the last one.
    pub fn current_index(&self) -> Option<&K> {
        self.names.get(self.current?)
    }

    /// Whether there are no more results. Tornado's `done`.
    pub fn is_done(&self) -> bool {
        self.unfinished == 0
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        if self.unfinished == 0 {
            self.current = None;
            return Poll::Ready(None);
        }
        if !self.looking {
            self.look(cx);
        }
        let Poll::Ready((index, result)) = self.poll_woken() else {
            self.rest(cx);
            return Poll::Pending;
        };
        self.current = Some(index);
        self.unfinished -= 1;
        if self.unfinished == 0 {
            self.family = None;
        }
        Poll::Ready(Some(result))
    }

    /// Begins a look at those that were woken; at first, at all of them.
    fn look(&mut self, cx: &mut Context<'_>) {
        let family = match &self.family {
            Some(family) => {
                family.set_parent(cx.waker());
                family
            }
            None => {
                let mut family = Children::new(Core::current_or_panic(), cx.waker());
                family.add(u32::try_from(self.unfinished).unwrap_or(u32::MAX));
                self.family.insert(family)
            }
        };
        self.woken = family.woken();
        self.looking = true;
    }

    /// Ends a look.
    fn rest(&mut self, cx: &mut Context<'_>) {
        self.looking = false;
        if let Some(family) = &self.family
            && !family.is_probed()
        {
            family.set_parent(cx.waker());
            // One that was woken during a look that results have interrupted may have had its turn, and waits for the next one.
            if family.has_woken() {
                cx.waker().wake_by_ref();
            }
        }
    }

    /// Goes on with the look until one of them has ended.
    fn poll_woken(&mut self) -> Poll<(usize, F::Output)> {
        let Some(family) = &self.family else { return Poll::Pending };
        while let Some(key) = self.woken
            && let Some((index, next)) = family.take(key)
        {
            self.woken = next;
            let waker = family.waker(key);
            let index = index as usize;
            if let Some(mut child) = self.children.slot(index)
                && child.as_mut().poll(&mut Context::from_waker(&waker))
                && let Some(result) = child.take()
            {
                return Poll::Ready((index, result));
            }
        }
        Poll::Pending
    }
}

// The futures are pinned on the heap.
impl<F: Future, K> Unpin for WaitIterator<F, K> {}

impl<F: Future, K> Stream for WaitIterator<F, K> {
    type Item = F::Output;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        self.poll_result(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.unfinished, Some(self.unfinished))
    }
}

impl<F: Future, K: fmt::Debug> fmt::Debug for WaitIterator<F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitIterator")
            .field("unfinished", &self.unfinished)
            .field("current_index", &self.current_index())
            .finish_non_exhaustive()
    }
}
