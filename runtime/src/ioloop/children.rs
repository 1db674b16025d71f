//! Wakers for the children of one coroutine, so that it can tell which of them was woken.
//!
//! Each child has a slot of its own beside the tasks; waking it puts it on its family's list and wakes the parent. Nothing is
//! allocated per child, and a wake-up costs the same whether there are two or two thousand.

use super::core::{Core, Entry};
use super::pool::Pooled;
use super::slab::{Key, NONE, Slab};
use super::waker::{is_probe, probe, waker};
use std::cell::Cell;
use std::rc::Rc;
use std::task::Waker;

/// A family of children, whose parent polls those that were woken.
pub(crate) struct Children {
    core: Rc<Core>,
    family: Key,
    /// The child that was added last; each knows the one before it.
    youngest: u32,
    /// Whether the parent is polled to see where it waits.
    probed: Cell<bool>,
}

/// The slot of a family.
pub(super) struct Family {
    pub(super) parent: Waker,
    /// The children that were woken since the last look, linked by their slots.
    first: Option<Key>,
    last: u32,
}

/// The slot of a child. It lives as long as its family, so that no link ever breaks.
pub(super) struct Child {
    pub(super) family: u32,
    /// The parent's name for it.
    index: u32,
    /// Whether it is on the list of the woken.
    pub(super) queued: bool,
    next: Option<Key>,
    older: u32,
}

impl Children {
    pub(crate) fn new(core: Rc<Core>, parent: &Waker) -> Self {
        let family = Family { parent: parent.clone(), first: None, last: NONE };
        let family = core.entries.borrow_mut().insert(Entry::Family(Pooled::new(family)));
        Self { core, family, youngest: NONE, probed: Cell::new(false) }
    }

    /// Makes slots for children that the parent calls 0 to `count` − 1. They count as woken, in this order.
    pub(crate) fn add(&mut self, count: u32) {
        let core = self.core.clone();
        let mut entries = core.entries.borrow_mut();
        for index in 0..count {
            self.insert(&mut entries, index);
        }
    }

    /// Makes a slot for one more child, which the parent calls `index`. It counts as woken, but the parent is not woken.
    pub(crate) fn add_one(&mut self, index: u32) -> Key {
        let core = self.core.clone();
        self.insert(&mut core.entries.borrow_mut(), index)
    }

    fn insert(&mut self, entries: &mut Slab<Entry>, index: u32) -> Key {
        let older = self.youngest;
        let family = self.family.index;
        let child = Child { family, index, queued: true, next: None, older };
        let key = entries.insert(Entry::Child(child));
        self.youngest = key.index;
        link(entries, family, key);
        key
    }

    /// Counts a child as woken, as if it were new.
    pub(crate) fn requeue(&self, child: Key) {
        let mut entries = self.core.entries.borrow_mut();
        if let Some(Entry::Child(Child { queued, .. })) = entries.get_mut(child)
            && !std::mem::replace(queued, true)
        {
            link(&mut entries, self.family.index, child);
        }
    }

    /// The waker of a child.
    pub(crate) fn waker(&self, child: Key) -> Waker {
        if self.probed.get() { probe(self.core.id, child) } else { waker(self.core.id, child) }
    }

    /// Remembers whom to wake. Call it at the beginning of each poll.
    pub(crate) fn set_parent(&self, parent: &Waker) {
        self.probed.set(false);
        let mut entries = self.core.entries.borrow_mut();
        if let Some(Entry::Family(family)) = entries.get_mut(self.family)
            && !family.parent.will_wake(parent)
        {
            if is_probe(parent) {
                drop(entries);
                return self.probe();
            }
            let old = std::mem::replace(&mut family.parent, parent.clone());
            drop(entries);
            drop(old);
        }
    }

    /// Whether the parent is polled to see where it waits.
    pub(crate) fn is_probed(&self) -> bool {
        self.probed.get()
    }

    /// Gives every child a turn, to see where it waits. The parent stays who it was.
    #[cold]
    fn probe(&self) {
        self.probed.set(true);
        let mut entries = self.core.entries.borrow_mut();
        let mut next = entries.key_at(self.youngest);
        while let Some(key) = next
            && let Some(Entry::Child(child)) = entries.get_mut(key)
        {
            let older = child.older;
            if !std::mem::replace(&mut child.queued, true) {
                link(&mut entries, self.family.index, key);
            }
            next = entries.key_at(older);
        }
    }

    /// Begins a look at those that were woken; who is woken from now on is for the next look.
    pub(crate) fn woken(&self) -> Option<Key> {
        match self.core.entries.borrow_mut().get_mut(self.family) {
            Some(Entry::Family(family)) => {
                family.last = NONE;
                family.first.take()
            }
            _ => None,
        }
    }

    /// Whether some were woken since the last look began.
    pub(crate) fn has_woken(&self) -> bool {
        let entries = self.core.entries.borrow();
        matches!(entries.get(self.family), Some(Entry::Family(family)) if family.first.is_some())
    }

    /// The parent's name for a woken child, and who was woken after it. From now on it can be woken again.
    pub(crate) fn take(&self, child: Key) -> Option<(u32, Option<Key>)> {
        match self.core.entries.borrow_mut().get_mut(child) {
            Some(Entry::Child(child)) => {
                child.queued = false;
                Some((child.index, child.next.take()))
            }
            _ => None,
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        let mut entries = self.core.entries.borrow_mut();
        let family = entries.remove(self.family);
        let mut youngest = self.youngest;
        while let Some(Entry::Child(child)) = entries.remove_at(youngest) {
            youngest = child.older;
        }
        drop(entries);
        // Outside of the borrow: a foreign waker's destructor may do anything.
        drop(family);
    }
}

/// Puts a child at the end of its family's list.
pub(super) fn link(entries: &mut Slab<Entry>, family: u32, child: Key) {
    let Some(Entry::Family(family)) = entries.at_mut(family) else { return };
    let last = std::mem::replace(&mut family.last, child.index);
    if last == NONE {
        family.first = Some(child);
    } else if let Some(Entry::Child(last)) = entries.at_mut(last) {
        last.next = Some(child);
    }
}
