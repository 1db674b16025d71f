//! The queue itself.

use super::error::{GetError, PutError, TaskDoneError};
use super::order::{Numbered, Order};
use super::waiting::{Get, Items, Put};
use crate::coroutine::{TimeoutError, cancel_after};
use crate::ioloop::{Core, Deadline};
use crate::locks::{Event, Wait, Waiters};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;

/// A queue between coroutines; the same for every order of its items. See the [module](super).
pub struct OrderedQueue<O: Order> {
    items: RefCell<O>,
    maxsize: usize,
    /// How many items have come so far.
    next: Cell<u64>,
    closed: Cell<bool>,
    /// Each is handed an item, or nothing if the queue is closed. While one waits, there are no items.
    pub(super) getters: Waiters<Option<Numbered<O::Item>>>,
    /// Each brings an item, and gets it back if the queue is closed. While one waits, the queue is full.
    pub(super) putters: Waiters<Option<O::Item>>,
    unfinished: Cell<usize>,
    finished: Event,
}

impl<O: Order> OrderedQueue<O> {
    /// A queue for `maxsize` items at most; 0 is without a limit, as in Tornado.
    pub fn new(maxsize: usize) -> Self {
        let finished = Event::new();
        finished.set();
        Self {
            items: RefCell::default(),
            maxsize,
            next: Cell::new(0),
            closed: Cell::new(false),
            getters: Waiters::new(),
            putters: Waiters::new(),
            unfinished: Cell::new(0),
            finished,
        }
    }

    /// How many items it holds. Those that were handed to somebody who waited do not count, even before they have run.
    pub fn qsize(&self) -> usize {
        self.items.borrow().len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Whether there is no room for another item. A queue without a limit is never full.
    pub fn is_full(&self) -> bool {
        self.maxsize > 0 && self.qsize() >= self.maxsize
    }

    /// The limit; 0 if there is none.
    pub fn maxsize(&self) -> usize {
        self.maxsize
    }

    /// Puts an item; waits for room if the queue is full. The place in the line is that of the first poll.
    ///
    /// An item is put when there is room, even if the one who waits has not run yet; until then, dropping the future drops it.
    ///
    /// # Errors
    ///
    /// [`PutError::Closed`] if the queue is closed, before or meanwhile.
    pub fn put(&self, item: O::Item) -> Put<'_, O> {
        Put::new(self, item)
    }

    /// Puts an item, if there is room until `deadline`. Tornado's `put(item, timeout)`.
    ///
    /// # Errors
    ///
    /// [`PutError::Timeout`] or [`PutError::Closed`].
    pub fn put_within(
        &self,
        item: O::Item,
        deadline: impl Into<Deadline>,
    ) -> impl Future<Output = Result<(), PutError<O::Item>>> {
        let core = Core::current_or_panic();
        let deadline = core.instant(core.deadline(deadline.into()));
        let mut put = self.put(item);
        async move {
            match cancel_after(deadline, &mut put).await {
                Ok(result) => result,
                Err(_) => put.withdraw().map_or(Ok(()), |item| Err(PutError::Timeout(item))),
            }
        }
    }

    /// Puts an item, if there is room now.
    ///
    /// # Errors
    ///
    /// [`PutError::Full`] or [`PutError::Closed`].
    #[inline]
    pub fn put_nowait(&self, item: O::Item) -> Result<(), PutError<O::Item>> {
        if self.closed.get() {
            return Err(PutError::Closed(item));
        }
        if self.is_full() && self.getters.is_empty() {
            return Err(PutError::Full(item));
        }
        let item = self.count(item);
        self.give(item);
        Ok(())
    }

    /// Takes the next item; waits for one if there is none. The place in the line is that of the first poll.
    ///
    /// An item on its way to somebody who was dropped goes to the next, or back to its place; the queue may then hold one more than
    /// its limit.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] if there is no item and the queue is closed, before or meanwhile.
    pub fn get(&self) -> Get<'_, O> {
        Get::new(self)
    }

    /// Takes the next item, if there is one until `deadline`. Tornado's `get(timeout)`.
    ///
    /// # Errors
    ///
    /// [`GetError::Timeout`] or [`GetError::Closed`].
    pub fn get_within(
        &self,
        deadline: impl Into<Deadline>,
    ) -> impl Future<Output = Result<O::Item, GetError>> {
        let get = cancel_after(deadline, self.get());
        async { get.await.unwrap_or(Err(GetError::Timeout)) }
    }

    /// Takes the next item, if there is one now.
    ///
    /// # Errors
    ///
    /// [`GetError::Empty`] or [`GetError::Closed`].
    #[inline]
    pub fn get_nowait(&self) -> Result<O::Item, GetError> {
        // The one who waits with an item is let in first, so that the next item may be theirs.
        let admitted = if self.putters.is_empty() || self.qsize() > self.maxsize {
            None
        } else {
            self.putters.serve(None).ok()
        };
        let Some(mut admitted) = admitted else {
            return match self.items.borrow_mut().take() {
                Some(numbered) => Ok(numbered.item),
                None if self.closed.get() => Err(GetError::Closed),
                None => Err(GetError::Empty),
            };
        };
        if let Some(item) = admitted.brought.take() {
            let item = self.count(item);
            self.items.borrow_mut().put(item);
        }
        let item = self.items.borrow_mut().take();
        admitted.wake();
        item.map(|numbered| numbered.item).ok_or(GetError::Empty)
    }

    /// Says that an item that was taken is done with. Each item wants one such call before [`join`](Self::join) returns.
    ///
    /// # Errors
    ///
    /// [`TaskDoneError`] if it was called for each item already.
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        let left = self.unfinished.get().checked_sub(1).ok_or(TaskDoneError(()))?;
        self.unfinished.set(left);
        if left == 0 {
            self.finished.set();
        }
        Ok(())
    }

    /// Waits until all items that were put are done with; at once if none is left.
    pub fn join(&self) -> Wait<'_> {
        self.finished.wait()
    }

    /// The same until `deadline`. Tornado's `join(timeout)`.
    ///
    /// # Errors
    ///
    /// [`TimeoutError`] if the deadline came first.
    pub fn join_within(
        &self,
        deadline: impl Into<Deadline>,
    ) -> impl Future<Output = Result<(), TimeoutError>> {
        self.finished.wait_until(deadline)
    }

    /// The items as a [`Stream`](futures_core::Stream), each taken as by [`get`](Self::get). It ends when the queue is closed and
    /// empty.
    pub fn items(&self) -> Items<'_, O> {
        Items::new(self)
    }

    /// Ends it: nothing can be put any more, and what waits to be put is refused. What it holds can still be taken; then, and for
    /// those who wait already, getting fails. Tornado has no such thing. Closing it twice is closing it once.
    ///
    /// ```
    /// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
    /// use gustnado::queues::{GetError, PutError, Queue};
    ///
    /// let queue = Queue::new(0);
    /// queue.put(1).await?;
    /// queue.close();
    /// assert_eq!(queue.put(2).await, Err(PutError::Closed(2)));
    /// assert_eq!(queue.get().await, Ok(1));
    /// assert_eq!(queue.get().await, Err(GetError::Closed));
    /// # Ok::<(), PutError<i32>>(())
    /// # })??;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self) {
        self.closed.set(true);
        while self.getters.dismiss() {}
        while self.putters.dismiss() {}
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Hands an item to the first who waits for one, else to the store. Also one that comes back.
    pub(super) fn give(&self, item: Numbered<O::Item>) {
        if self.getters.is_empty() {
            return self.items.borrow_mut().put(item);
        }
        match self.getters.serve(Some(item)) {
            Ok(served) => drop(served.wake()),
            Err(item) => {
                if let Some(item) = item {
                    self.items.borrow_mut().put(item);
                }
            }
        }
    }

    /// Counts an item that comes in.
    fn count(&self, item: O::Item) -> Numbered<O::Item> {
        let number = self.next.get();
        self.next.set(number + 1);
        self.unfinished.set(self.unfinished.get() + 1);
        self.finished.clear();
        Numbered { number, item }
    }
}

impl<O: Order> Default for OrderedQueue<O> {
    /// Without a limit.
    fn default() -> Self {
        Self::new(0)
    }
}

impl<O: Order> fmt::Debug for OrderedQueue<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("maxsize", &self.maxsize)
            .field("qsize", &self.qsize())
            .field("getters", &self.getters)
            .field("putters", &self.putters)
            .field("unfinished", &self.unfinished.get())
            .field("closed", &self.closed.get())
            .finish()
    }
}
