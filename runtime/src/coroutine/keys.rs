//! The keys of a coroutine: which callbacks it has made, and has not waited for yet.

use super::delivery::{Caller, Delivery};
use super::error::{LeakedKey, YieldError};
use crate::ioloop::{Belongings, Core};
use std::any::{Any, type_name};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

/// The pending keys of a coroutine, by what `{:?}` prints of them.
#[derive(Default)]
pub(super) struct Keys {
    pending: RefCell<BTreeMap<String, Pending>>,
    /// Whether a yield point has failed, after which others may well be left behind.
    failed: Cell<bool>,
}

/// A key whose result was not taken yet.
struct Pending {
    /// An `Arc<Delivery<T>>`, for a `T` of this name.
    delivery: Box<dyn Any>,
    type_name: &'static str,
    place: &'static Location<'static>,
    awaited: Awaited,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Never,
    Now,
    /// Somebody has, and has given up.
    Before,
}

/// The right to take the result of a key: dropped, it goes to whoever waits next.
pub(super) struct Claim<T> {
    keys: Rc<Keys>,
    /// `None` when the result is taken.
    key: Option<String>,
    delivery: Arc<Delivery<T>>,
}

impl Keys {
    /// Those of the running coroutine, if it has any.
    pub(super) fn current() -> Option<Rc<Self>> {
        Self::of(Core::current()?.belongings()?)
    }

    /// Those of the running coroutine.
    #[track_caller]
    pub(super) fn current_or_new() -> Rc<Self> {
        let core = Core::current_or_panic();
        if let Some(keys) = core.belongings().and_then(Self::of) {
            return keys;
        }
        assert!(core.runs_coroutine(), "keys belong to a coroutine, and none runs here");
        let keys = Rc::<Self>::default();
        drop(core.replace_belongings(Some(keys.clone())));
        keys
    }

    fn of(belongings: Rc<dyn Belongings>) -> Option<Rc<Self>> {
        let belongings: Rc<dyn Any> = belongings;
        belongings.downcast().ok()
    }

    /// Makes a key pending; returns the end of its callback.
    pub(super) fn register<T: 'static>(
        &self,
        key: String,
        place: &'static Location<'static>,
    ) -> Result<Caller<T>, YieldError> {
        match self.pending.borrow_mut().entry(key) {
            Entry::Vacant(entry) => {
                let delivery = Delivery::<T>::new();
                let caller = delivery.caller();
                let (delivery, type_name) = (Box::new(delivery), type_name::<T>());
                entry.insert(Pending { delivery, type_name, place, awaited: Awaited::Never });
                Ok(caller)
            }
            Entry::Occupied(entry) => {
                self.failed.set(true);
                Err(YieldError::KeyReuse(entry.key().clone()))
            }
        }
    }

    /// Claims the result of a key.
    pub(super) fn claim<T: 'static>(self: Rc<Self>, key: String) -> Result<Claim<T>, YieldError> {
        let found = match self.pending.borrow_mut().get_mut(&key) {
            Some(pending) if pending.awaited != Awaited::Now => {
                let delivery = pending.delivery.downcast_ref::<Arc<Delivery<T>>>().cloned();
                if delivery.is_some() {
                    pending.awaited = Awaited::Now;
                }
                delivery.ok_or(Some(pending.type_name))
            }
            _ => Err(None),
        };
        match found {
            Ok(delivery) => Ok(Claim { keys: self, key: Some(key), delivery }),
            Err(sent) => {
                self.failed.set(true);
                Err(match sent {
                    Some(sent) => YieldError::WrongType { key, sent, awaited: type_name::<T>() },
                    None => YieldError::UnknownKey(key),
                })
            }
        }
    }

    /// What the coroutine leaves behind if it ends now.
    pub(super) fn leak(&self) -> Result<(), YieldError> {
        if self.failed.get() {
            return Ok(());
        }
        let pending = self.pending.borrow();
        let never = pending.iter().filter(|(_, pending)| pending.awaited == Awaited::Never);
        let leaked: Vec<_> = never
            .map(|(key, pending)| LeakedKey { key: key.clone(), place: pending.place })
            .collect();
        if leaked.is_empty() { Ok(()) } else { Err(YieldError::LeakedCallback(leaked)) }
    }
}

impl Belongings for Keys {
    fn returned(&self) {
        if let Err(error) = self.leak() {
            tracing::error!(target: "gustnado.application", "LeakedCallbackError: {error}");
        }
    }
}

impl<T> Claim<T> {
    /// Ready when the callback was called, or dropped; until then, it will wake `waker`.
    pub(super) fn poll(&self, waker: &Waker) -> Poll<()> {
        self.delivery.poll(waker)
    }

    /// The result of the key, which is free again; an error if there will never be one.
    pub(super) fn take(&mut self) -> Result<T, YieldError> {
        let key = self.key.take();
        let pending = key.as_ref().and_then(|key| self.keys.pending.borrow_mut().remove(key));
        drop(pending);
        self.delivery.take().ok_or_else(|| {
            self.keys.failed.set(true);
            YieldError::DroppedCallback(key)
        })
    }
}

impl<T> Drop for Claim<T> {
    fn drop(&mut self) {
        if let Some(key) = &self.key
            && let Some(pending) = self.keys.pending.borrow_mut().get_mut(key)
        {
            pending.awaited = Awaited::Before;
        }
    }
}

impl<T> fmt::Debug for Claim<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("key", &self.key)
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}
