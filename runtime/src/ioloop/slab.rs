//! A table whose keys carry a generation, so that a key to something gone finds nothing, ever.

use std::num::NonZeroU32;

/// Where an entry is, and which of the entries that have been there it is. An `Option` of it is no larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) generation: Generation,
}

/// Which of the entries that have been somewhere; never 0, and below 2²⁴, so that a key, a loop's number and a slot fit one waker
/// (see `waker`).
pub(crate) type Generation = NonZeroU32;

impl Key {
    /// Generations are below this.
    pub(crate) const GENERATIONS: u32 = 1 << 24;

    /// The key of nothing, in every slab.
    pub(crate) const NOWHERE: Self = Self { index: u32::MAX, generation: Generation::MAX };

    pub(crate) const fn to_bits(self) -> u64 {
        (self.generation.get() as u64) << 32 | self.index as u64
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        match Generation::new((bits >> 32) as u32) {
            Some(generation) => Self { index: bits as u32, generation },
            None => Self::NOWHERE,
        }
    }
}

/// A growing table with O(1) insert, look-up and removal, and stable keys.
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: u32,
    len: usize,
}

/// Both kinds have a generation, which shares its place with what tells them apart.
enum Slot<T> {
    Full {
        generation: Generation,
        value: T,
    },
    /// The generation is that of the entry to come.
    Free {
        generation: Generation,
        next: u32,
    },
}

/// The index of nothing.
pub(crate) const NONE: u32 = u32::MAX;

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: NONE, len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn insert(&mut self, value: T) -> Key {
        self.insert_with(|_| value)
    }

    /// Inserts what `make` builds from the key that it will have.
    pub(crate) fn insert_with(&mut self, make: impl FnOnce(Key) -> T) -> Key {
        self.len += 1;
        let index = self.free;
        if let Some(slot) = self.slots.get_mut(index as usize)
            && let Slot::Free { generation, next } = *slot
        {
            let key = Key { index, generation };
            *slot = Slot::Full { generation, value: make(key) };
            self.free = next;
            return key;
        }
        let (index, generation) = (self.slots.len() as u32, Generation::MIN);
        let key = Key { index, generation };
        self.slots.push(Slot::Full { generation, value: make(key) });
        key
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        match self.slots.get(key.index as usize) {
            Some(Slot::Full { generation, value }) if *generation == key.generation => Some(value),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.slots.get_mut(key.index as usize) {
            Some(Slot::Full { generation, value }) if *generation == key.generation => Some(value),
            _ => None,
        }
    }

    /// Whatever is at `index`: for links between entries that live as long as each other.
    #[inline]
    pub(crate) fn at(&self, index: u32) -> Option<&T> {
        match self.slots.get(index as usize) {
            Some(Slot::Full { value, .. }) => Some(value),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn at_mut(&mut self, index: u32) -> Option<&mut T> {
        match self.slots.get_mut(index as usize) {
            Some(Slot::Full { value, .. }) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        match slot {
            Slot::Full { generation, .. } if *generation == key.generation => {}
            _ => return None,
        }
        let free = Slot::Free { generation: after(key.generation), next: self.free };
        self.free = key.index;
        self.len -= 1;
        match std::mem::replace(slot, free) {
            Slot::Full { value, .. } => Some(value),
            Slot::Free { .. } => None,
        }
    }

    /// Whether nothing has ever been in it.
    #[cfg(test)]
    pub(crate) fn is_untouched(&self) -> bool {
        self.slots.is_empty()
    }

    /// The key that the next insertion will have.
    pub(crate) fn next_key(&self) -> Key {
        match self.slots.get(self.free as usize) {
            Some(Slot::Full { generation, .. } | Slot::Free { generation, .. }) => {
                Key { index: self.free, generation: *generation }
            }
            None => Key { index: self.slots.len() as u32, generation: Generation::MIN },
        }
    }

    /// The key of whatever is at `index`.
    pub(crate) fn key_at(&self, index: u32) -> Option<Key> {
        match self.slots.get(index as usize)? {
            Slot::Full { generation, .. } => Some(Key { index, generation: *generation }),
            Slot::Free { .. } => None,
        }
    }

    /// Removes whatever is at `index`.
    pub(crate) fn remove_at(&mut self, index: u32) -> Option<T> {
        self.remove(self.key_at(index)?)
    }

    /// Removes and returns the entries that `expired` says so of.
    pub(crate) fn remove_if(&mut self, mut expired: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut removed = Vec::new();
        for index in 0..self.slots.len() as u32 {
            if self.at(index).is_some_and(&mut expired) {
                removed.extend(self.remove_at(index));
            }
        }
        removed
    }

    /// All entries.
    #[cfg(feature = "websocket")]
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Full { value, .. } => Some(value),
            Slot::Free { .. } => None,
        })
    }

    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        self.slots.into_iter().filter_map(|slot| match slot {
            Slot::Full { value, .. } => Some(value),
            Slot::Free { .. } => None,
        })
    }

    /// The keys of all entries, in no order that means anything.
    pub(crate) fn keys(&self) -> Vec<Key> {
        (0..self.slots.len() as u32).filter_map(|index| self.key_at(index)).collect()
    }
}

#[inline]
fn after(generation: Generation) -> Generation {
    Generation::new((generation.get() + 1) % Key::GENERATIONS).unwrap_or(Generation::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_to_something_gone_finds_nothing() {
        let mut slab = Slab::new();
        let old = slab.insert("old");
        assert_eq!(slab.remove(old), Some("old"));
        let new = slab.insert("new");
        assert_eq!(old.index, new.index, "the place is used again");
        assert_eq!(slab.get(old), None);
        assert_eq!(slab.remove(old), None);
        assert_eq!(slab.get(new), Some(&"new"));
        assert_eq!(slab.len(), 1);
    }

    #[test]
    fn keys_survive_the_trip_through_bits() {
        for generation in [1, 2, Key::GENERATIONS - 1] {
            let key = Key { index: 7, generation: Generation::new(generation).unwrap() };
            assert_eq!(Key::from_bits(key.to_bits()), key);
        }
    }

    #[test]
    fn generations_begin_again_after_the_last() {
        let last = Generation::new(Key::GENERATIONS - 1).unwrap();
        assert_eq!(after(last), Generation::MIN);
        assert_eq!(after(Generation::MIN).get(), 2);
        assert_eq!(size_of::<Option<Key>>(), size_of::<Key>());
    }
}
