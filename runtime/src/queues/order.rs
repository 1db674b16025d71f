//! Which item of a queue is next.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;

/// What makes a [`Queue`](super::Queue), a [`LifoQueue`](super::LifoQueue) or a [`PriorityQueue`](super::PriorityQueue) of an
/// [`OrderedQueue`](super::OrderedQueue).
pub trait Order: sealed::Store {}

/// First in, first out.
pub struct Fifo<T>(VecDeque<Numbered<T>>);

/// Last in, first out.
pub struct Lifo<T>(Vec<Numbered<T>>);

/// The least first.
pub struct Priority<T>(BinaryHeap<Numbered<T>>);

/// An item, and how many came before it.
#[derive(Debug)]
pub struct Numbered<T> {
    pub(super) number: u64,
    pub(super) item: T,
}

pub(super) mod sealed {
    use super::Numbered;

    /// The items of a queue. They come in the order of their numbers, except for those that come back.
    pub trait Store: Default {
        type Item;
        fn len(&self) -> usize;
        fn put(&mut self, item: Numbered<Self::Item>);
        fn take(&mut self) -> Option<Numbered<Self::Item>>;
    }
}

impl<T> Order for Fifo<T> {}
impl<T> Order for Lifo<T> {}
impl<T: Ord> Order for Priority<T> {}

impl<T> sealed::Store for Fifo<T> {
    type Item = T;

    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn put(&mut self, item: Numbered<T>) {
        if self.0.back().is_none_or(|last| last.number < item.number) {
            return self.0.push_back(item);
        }
        // It comes back, to near the front.
        let place = self.0.iter().take_while(|other| other.number < item.number).count();
        self.0.insert(place, item);
    }

    #[inline]
    fn take(&mut self) -> Option<Numbered<T>> {
        self.0.pop_front()
    }
}

impl<T> sealed::Store for Lifo<T> {
    type Item = T;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn put(&mut self, item: Numbered<T>) {
        let newer = self.0.iter().rev().take_while(|other| other.number > item.number).count();
        self.0.insert(self.0.len() - newer, item);
    }

    fn take(&mut self) -> Option<Numbered<T>> {
        self.0.pop()
    }
}

impl<T: Ord> sealed::Store for Priority<T> {
    type Item = T;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn put(&mut self, item: Numbered<T>) {
        self.0.push(item);
    }

    fn take(&mut self) -> Option<Numbered<T>> {
        self.0.pop()
    }
}

/// The least item is the greatest, because a heap hands out the greatest; of equal ones, the one that came first.
impl<T: Ord> Ord for Numbered<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.item.cmp(&self.item).then_with(|| other.number.cmp(&self.number))
    }
}

impl<T: Ord> PartialOrd for Numbered<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Numbered<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T: Ord> Eq for Numbered<T> {}

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Default for Lifo<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> Default for Priority<T> {
    fn default() -> Self {
        Self(BinaryHeap::new())
    }
}

impl<T> fmt::Debug for Fifo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fifo({})", self.0.len())
    }
}

impl<T> fmt::Debug for Lifo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lifo({})", self.0.len())
    }
}

impl<T> fmt::Debug for Priority<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Priority({})", self.0.len())
    }
}
