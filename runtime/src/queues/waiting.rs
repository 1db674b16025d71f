//! Those who wait for an item, or for room.

use super::error::{GetError, PutError};
use super::order::Order;
use super::queue::OrderedQueue;
use crate::ioloop::Key;
use crate::locks::Removed;
use futures_core::Stream;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future of [`get`](OrderedQueue::get).
#[must_use = "an item is taken only when this is awaited"]
pub struct Get<'a, O: Order> {
    queue: &'a OrderedQueue<O>,
    /// None before the first poll, and when it is over.
    waiter: Option<Key>,
}

impl<'a, O: Order> Get<'a, O> {
    pub(super) fn new(queue: &'a OrderedQueue<O>) -> Self {
        Self { queue, waiter: None }
    }
}

impl<O: Order> Future for Get<'_, O> {
    type Output = Result<O::Item, GetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(waiter) = self.waiter {
            let Poll::Ready(handed) = self.queue.getters.poll(waiter, cx.waker()) else {
                return Poll::Pending;
            };
            self.waiter = None;
            return Poll::Ready(handed.map(|numbered| numbered.item).ok_or(GetError::Closed));
        }
        match self.queue.get_nowait() {
            Err(GetError::Empty) => {}
            result => return Poll::Ready(result),
        }
        self.waiter = Some(self.queue.getters.add(None, Some(cx.waker())));
        Poll::Pending
    }
}

impl<O: Order> Drop for Get<'_, O> {
    fn drop(&mut self) {
        let Some(waiter) = self.waiter else { return };
        if let Some(Removed::Served(Some(item))) = self.queue.getters.remove(waiter) {
            self.queue.give(item);
        }
    }
}

impl<O: Order> fmt::Debug for Get<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").field("waiting", &self.waiter.is_some()).finish_non_exhaustive()
    }
}

/// The future of [`put`](OrderedQueue::put).
#[must_use = "an item is put only when this is awaited"]
pub struct Put<'a, O: Order> {
    queue: &'a OrderedQueue<O>,
    /// Some before the first poll.
    item: Option<O::Item>,
    /// Some while it waits.
    waiter: Option<Key>,
}

impl<'a, O: Order> Put<'a, O> {
    pub(super) fn new(queue: &'a OrderedQueue<O>, item: O::Item) -> Self {
        Self { queue, item: Some(item), waiter: None }
    }

    /// Gives up; the item comes back, if it was not put.
    pub(super) fn withdraw(&mut self) -> Option<O::Item> {
        let removed = self.queue.putters.remove(self.waiter.take()?)?;
        match removed {
            Removed::Waiting(item) | Removed::Served(item) => item,
        }
    }
}

/// The item is never pinned.
impl<O: Order> Unpin for Put<'_, O> {}

impl<O: Order> Future for Put<'_, O> {
    type Output = Result<(), PutError<O::Item>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(waiter) = self.waiter {
            let Poll::Ready(refused) = self.queue.putters.poll(waiter, cx.waker()) else {
                return Poll::Pending;
            };
            self.waiter = None;
            return Poll::Ready(refused.map_or(Ok(()), |item| Err(PutError::Closed(item))));
        }
        let Some(item) = self.item.take() else { return Poll::Ready(Ok(())) };
        match self.queue.put_nowait(item) {
            Err(PutError::Full(item)) => {
                self.waiter = Some(self.queue.putters.add(Some(item), Some(cx.waker())));
                Poll::Pending
            }
            result => Poll::Ready(result),
        }
    }
}

impl<O: Order> Drop for Put<'_, O> {
    fn drop(&mut self) {
        drop(self.withdraw());
    }
}

impl<O: Order> fmt::Debug for Put<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put").field("waiting", &self.waiter.is_some()).finish_non_exhaustive()
    }
}

/// The stream of [`items`](OrderedQueue::items).
#[derive(Debug)]
#[must_use = "streams do nothing until they are polled"]
pub struct Items<'a, O: Order> {
    get: Get<'a, O>,
}

impl<'a, O: Order> Items<'a, O> {
    pub(super) fn new(queue: &'a OrderedQueue<O>) -> Self {
        Self { get: queue.get() }
    }
}

impl<O: Order> Stream for Items<'_, O> {
    type Item = O::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<O::Item>> {
        Pin::new(&mut self.get).poll(cx).map(Result::ok)
    }
}
