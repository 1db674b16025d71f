//! Who waits for something, in the order of their coming.

use crate::ioloop::{Key, NONE, Slab};
use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::task::{Poll, Waker};

/// The waiters of a lock or a queue: a list through the slots of a slab, so that whoever gives up leaves in O(1), and nothing is
/// allocated for a waiter once there were as many before.
///
/// A waiter brings a `T` and leaves with a `T`. It is on the list until it is served; then its slot holds what it was handed,
/// until it is polled or removed. Wakers are woken, cloned and dropped while nothing is borrowed: they may be anybody's.
pub(crate) struct Waiters<T> {
    list: RefCell<List<T>>,
}

/// What the first waiter left behind when it was served.
#[must_use = "the waiter has to be woken"]
pub(crate) struct Served<T> {
    pub(crate) brought: T,
    waker: Option<Waker>,
}

/// How far a waiter got that does not wait any more.
pub(crate) enum Removed<T> {
    /// It was on the list; this is what it brought.
    Waiting(T),
    /// It was served, and has not seen it; this is what it was handed.
    Served(T),
}

struct List<T> {
    waiters: Slab<Waiter<T>>,
    first: u32,
    last: u32,
}

struct Waiter<T> {
    held: T,
    /// None before the first poll.
    waker: Option<Waker>,
    /// The neighbours on the list; `SERVED` before one that is not on it any more.
    before: u32,
    after: u32,
}

/// The index of nothing that is not `NONE`.
const SERVED: u32 = NONE - 1;

impl<T> Waiter<T> {
    fn is_served(&self) -> bool {
        self.before == SERVED
    }
}

impl<T> Waiters<T> {
    pub(crate) const fn new() -> Self {
        let waiters = Slab::new();
        let list = List { waiters, first: NONE, last: NONE };
        Self { list: RefCell::new(list) }
    }

    /// Whether nobody waits. Those who were served do not count.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.borrow().first == NONE
    }

    /// What the first waiter brought.
    pub(crate) fn first(&self) -> Option<T>
    where
        T: Copy,
    {
        let list = self.list.borrow();
        list.waiters.at(list.first).map(|waiter| waiter.held)
    }

    /// Puts a waiter at the end of the list. Whoever has its key polls it until it is ready, or removes it.
    pub(crate) fn add(&self, brings: T, waker: Option<&Waker>) -> Key {
        let waker = waker.cloned();
        let list = &mut *self.list.borrow_mut();
        let waiter = Waiter { held: brings, waker, before: list.last, after: NONE };
        let key = list.waiters.insert(waiter);
        match list.waiters.at_mut(list.last) {
            Some(last) => last.after = key.index,
            None => list.first = key.index,
        }
        list.last = key.index;
        key
    }

    /// Hands something to the first waiter, which leaves the list; gives it back if nobody waits.
    pub(crate) fn serve(&self, handed: T) -> Result<Served<T>, T> {
        let mut list = self.list.borrow_mut();
        match list.pop() {
            Some(waiter) => {
                let brought = mem::replace(&mut waiter.held, handed);
                Ok(Served { brought, waker: waiter.waker.take() })
            }
            None => Err(handed),
        }
    }

    /// Sends the first waiter away with what it brought; returns whether there was one.
    pub(crate) fn dismiss(&self) -> bool {
        let waker = match self.list.borrow_mut().pop() {
            Some(waiter) => waiter.waker.take(),
            None => return false,
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// What a waiter was handed; it is gone then. Until it is served, it will wake `waker`.
    pub(crate) fn poll(&self, key: Key, waker: &Waker) -> Poll<T> {
        let known = match self.list.borrow().waiters.get(key) {
            Some(waiter) if !waiter.is_served() => {
                waiter.waker.as_ref().is_some_and(|current| current.will_wake(waker))
            }
            _ => true,
        };
        if known {
            return self.take(key);
        }
        let new = waker.clone();
        // Looked up again: the clone was somebody else's code.
        let old = match self.list.borrow_mut().waiters.get_mut(key) {
            Some(waiter) if !waiter.is_served() => waiter.waker.replace(new),
            _ => Some(new),
        };
        drop(old);
        self.take(key)
    }

    /// Ends a waiter's wait. A key that was ready, or removed, finds nothing.
    pub(crate) fn remove(&self, key: Key) -> Option<Removed<T>> {
        let mut list = self.list.borrow_mut();
        let waiter = list.waiters.remove(key)?;
        if waiter.is_served() {
            return Some(Removed::Served(waiter.held));
        }
        list.unlink(waiter.before, waiter.after);
        drop(list);
        drop(waiter.waker);
        Some(Removed::Waiting(waiter.held))
    }

    /// Whether nobody has ever had to wait, so that nothing was ever allocated.
    #[cfg(test)]
    pub(crate) fn is_untouched(&self) -> bool {
        self.list.borrow().waiters.is_untouched()
    }

    fn take(&self, key: Key) -> Poll<T> {
        let mut list = self.list.borrow_mut();
        match list.waiters.get(key) {
            Some(waiter) if !waiter.is_served() => Poll::Pending,
            _ => match list.waiters.remove(key) {
                Some(waiter) => Poll::Ready(waiter.held),
                None => Poll::Pending,
            },
        }
    }
}

impl<T> Served<T> {
    /// Wakes the waiter. What it is woken for has to be in its place.
    pub(crate) fn wake(self) -> T {
        if let Some(waker) = self.waker {
            waker.wake();
        }
        self.brought
    }
}

impl<T> List<T> {
    /// Takes the first waiter off the list, as one that is served; its slot stays.
    fn pop(&mut self) -> Option<&mut Waiter<T>> {
        let waiter = self.waiters.at_mut(self.first)?;
        let (first, after) = (self.first, waiter.after);
        waiter.before = SERVED;
        self.unlink(NONE, after);
        self.waiters.at_mut(first)
    }

    /// Makes neighbours of those that were before and after somebody.
    fn unlink(&mut self, before: u32, after: u32) {
        match self.waiters.at_mut(before) {
            Some(waiter) => waiter.after = after,
            None => self.first = after,
        }
        match self.waiters.at_mut(after) {
            Some(waiter) => waiter.before = before,
            None => self.last = before,
        }
    }
}

impl<T> Default for Waiters<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Waiters<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = self.list.borrow();
        let mut count = 0;
        let mut index = list.first;
        while let Some(waiter) = list.waiters.at(index) {
            count += 1;
            index = waiter.after;
        }
        write!(f, "{count} waiting")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(waiters: &Waiters<u32>, handed: u32) -> Option<u32> {
        waiters.serve(handed).ok().map(Served::wake)
    }

    #[test]
    fn waiters_are_served_in_the_order_of_their_coming_whoever_leaves() {
        let waiters = Waiters::new();
        let keys: Vec<_> = (0..6).map(|number| waiters.add(number, None)).collect();
        for left in [0, 3, 5] {
            assert!(
                matches!(waiters.remove(keys[left]), Some(Removed::Waiting(number)) if number == left as u32)
            );
        }
        assert_eq!(format!("{waiters:?}"), "3 waiting");
        assert_eq!(waiters.first(), Some(1));
        assert_eq!([1, 2, 3, 4].map(|_| served(&waiters, 9)), [Some(1), Some(2), Some(4), None]);
        assert_eq!(waiters.poll(keys[2], Waker::noop()), Poll::Ready(9));
        assert!(matches!(waiters.remove(keys[1]), Some(Removed::Served(9))));
        assert!(waiters.remove(keys[1]).is_none(), "it is gone");
    }

    #[test]
    fn the_slots_of_those_who_left_are_used_again() {
        let waiters = Waiters::new();
        assert!(waiters.is_untouched());
        for number in 0..1000 {
            let key = waiters.add(number, Some(Waker::noop()));
            assert_eq!(key.index, 0);
            if number % 2 == 0 {
                assert_eq!(served(&waiters, number), Some(number));
            }
            assert!(waiters.remove(key).is_some());
        }
        assert!(!waiters.is_untouched());
    }

    #[test]
    fn those_who_are_dismissed_keep_what_they_brought() {
        let waiters = Waiters::new();
        let key = waiters.add(7, Some(Waker::noop()));
        assert!(waiters.poll(key, Waker::noop()).is_pending());
        assert!(waiters.dismiss());
        assert!(!waiters.dismiss());
        assert_eq!(waiters.poll(key, Waker::noop()), Poll::Ready(7));
    }
}
