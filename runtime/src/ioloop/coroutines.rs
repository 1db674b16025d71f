//! Which coroutine runs, and what belongs to it.

use super::core::Core;
use super::slab::Key;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// What a coroutine has besides its future. It is dropped when the coroutine ends, in whatever way.
pub(crate) trait Belongings: Any {
    /// The coroutine has come to its end by itself.
    fn returned(&self);
}

/// The coroutines of a loop, as far as somebody wants to know about them.
pub(super) struct Coroutines {
    /// The task, or the root, that has its turn.
    running: Cell<Key>,
    /// Of the few that have any.
    belongings: RefCell<HashMap<Key, Rc<dyn Belongings>>>,
    /// Whether there are such, which is quicker to ask.
    some: Cell<bool>,
}

impl Coroutines {
    pub(super) fn new() -> Self {
        Self {
            running: Cell::new(Key::NOWHERE),
            belongings: RefCell::default(),
            some: Cell::new(false),
        }
    }

    /// Notes who has its turn from now on.
    #[inline]
    pub(super) fn switch(&self, running: Key) {
        self.running.set(running);
    }

    /// Drops what belongs to a coroutine that has ended.
    #[inline]
    pub(super) fn end(&self, key: Key, returned: impl FnOnce() -> bool) {
        if self.some.get() {
            self.drop_belongings(key, returned());
        }
    }

    fn replace(
        &self,
        key: Key,
        belongings: Option<Rc<dyn Belongings>>,
    ) -> Option<Rc<dyn Belongings>> {
        let mut all = self.belongings.borrow_mut();
        let before = match belongings {
            Some(belongings) => all.insert(key, belongings),
            None => all.remove(&key),
        };
        self.some.set(!all.is_empty());
        before
    }

    #[cold]
    fn drop_belongings(&self, key: Key, returned: bool) {
        let belongings = self.replace(key, None);
        if let Some(belongings) = belongings
            && returned
        {
            belongings.returned();
        }
    }
}

impl Core {
    /// Whether a coroutine of this loop has its turn: a task, or the one of `run_sync`.
    pub(crate) fn runs_coroutine(&self) -> bool {
        self.coroutines.running.get() != Key::NOWHERE
    }

    /// What belongs to the running coroutine.
    pub(crate) fn belongings(&self) -> Option<Rc<dyn Belongings>> {
        self.coroutines.belongings.borrow().get(&self.coroutines.running.get()).cloned()
    }

    /// Gives the running coroutine other belongings; returns those it had.
    pub(crate) fn replace_belongings(
        &self,
        belongings: Option<Rc<dyn Belongings>>,
    ) -> Option<Rc<dyn Belongings>> {
        self.coroutines.replace(self.coroutines.running.get(), belongings)
    }

    /// Takes its belongings from the running coroutine, as if it ended: it has done one thing, and goes on to another.
    #[inline]
    pub(crate) fn end_of_work(&self, returned: bool) {
        self.coroutines.end(self.coroutines.running.get(), || returned);
    }
}
