//! Wakers that are integers: a loop's number, a slot, and the slot's generation.
//!
//! There is nothing to count and nothing to free; a clone is a copy, and a waker of something gone wakes nobody. Woken on the
//! loop's own thread, it queues its task; on another one, it writes to the loop's mailbox.

#![allow(unsafe_code, reason = "an island named in DESIGN.md: builds wakers from integers")]

use super::core::{Core, Woken};
use super::mailbox::{self, Letter};
use super::probe;
use super::slab::{Generation, Key};
use std::ptr;
use std::task::{RawWaker, RawWakerVTable, Waker};

/// Which loop of the process; see [`mailbox::open`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LoopId(u16);

impl LoopId {
    /// So many loops can exist at once.
    pub(crate) const COUNT: u16 = 1 << 12;

    pub(crate) const fn number(self) -> u16 {
        self.0
    }

    pub(crate) const fn new(number: u16) -> Self {
        Self(number % Self::COUNT)
    }
}

/// The waker of what has `key` on the loop `id`.
#[inline]
pub(crate) fn waker(id: LoopId, key: Key) -> Waker {
    let data = pack(id, key);
    // SAFETY: the contract of RawWaker holds for any data: no function below keeps, frees or dereferences it, and each works
    // from any thread.
    unsafe { Waker::from_raw(raw(data)) }
}

/// The same waker for a poll that is to show where a future waits: cloning it, or waking through it, is noted by `probe`. A clone is
/// an ordinary waker, and no other waker is known to wake the same as this one, so that it is cloned wherever one is kept.
#[cold]
pub(super) fn probe(id: LoopId, key: Key) -> Waker {
    // SAFETY: as above; taking a backtrace works from any thread, too.
    unsafe { Waker::from_raw(RawWaker::new(pack(id, key), &PROBE)) }
}

/// Whether a waker is such a one.
pub(super) fn is_probe(waker: &Waker) -> bool {
    ptr::eq(waker.vtable(), &raw const PROBE)
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(raw, wake, wake, |_| {});

static PROBE: RawWakerVTable = RawWakerVTable::new(noted_raw, noted_wake, noted_wake, |_| {});

const fn raw(data: *const ()) -> RawWaker {
    RawWaker::new(data, &VTABLE)
}

fn noted_raw(data: *const ()) -> RawWaker {
    probe::note();
    raw(data)
}

fn noted_wake(data: *const ()) {
    probe::note();
    wake(data);
}

fn wake(data: *const ()) {
    let (id, key) = unpack(data);
    match Core::wake_here(id, key) {
        Woken::Done => {}
        Woken::Parent(parent) => parent.wake(),
        Woken::Elsewhere => mailbox::post(id, Letter::Wake(key)),
    }
}

/// 12 bits for the loop, 24 for the generation, 28 for the slot.
const INDEX_BITS: u32 = 28;
const GENERATION_BITS: u32 = Key::GENERATIONS.ilog2();

const _: () =
    assert!(usize::BITS == 64, "a waker packs a loop, a slot and a generation into 64 bits");
const _: () = assert!(INDEX_BITS + GENERATION_BITS + LoopId::COUNT.ilog2() == usize::BITS);

#[inline]
fn pack(id: LoopId, key: Key) -> *const () {
    debug_assert!(key.index >> INDEX_BITS == 0, "a loop has room for 268 million tasks");
    let bits = (id.0 as usize) << (INDEX_BITS + GENERATION_BITS)
        | (key.generation.get() as usize) << INDEX_BITS
        | key.index as usize;
    ptr::without_provenance(bits)
}

#[inline]
fn unpack(data: *const ()) -> (LoopId, Key) {
    let bits = data.addr();
    let index = bits as u32 & ((1 << INDEX_BITS) - 1);
    let generation = Generation::new((bits >> INDEX_BITS) as u32 & (Key::GENERATIONS - 1));
    // It was never 0, which is cheaper to look at than to prove.
    let key = generation.map_or(Key::NOWHERE, |generation| Key { index, generation });
    (LoopId((bits >> (INDEX_BITS + GENERATION_BITS)) as u16), key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waker_carries_its_loop_slot_and_generation() {
        let id = LoopId::new(LoopId::COUNT - 1);
        let key = Key {
            index: (1 << INDEX_BITS) - 1,
            generation: Generation::new(Key::GENERATIONS - 1).unwrap(),
        };
        assert_eq!(unpack(pack(id, key)), (id, key));
        let key = Key { index: 5, generation: Generation::MIN };
        assert_eq!(unpack(pack(LoopId::new(0), key)), (LoopId::new(0), key));
    }
}
