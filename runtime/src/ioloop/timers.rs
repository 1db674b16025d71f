//! Timeouts: a wheel of wheels, exact to the nanosecond, with O(1) insert and removal.
//!
//! A deadline is a number of nanoseconds, read as eleven digits of six bits. An entry waits in the wheel of the highest digit in
//! which its deadline differs from the present, in the slot of that digit. When time moves on, whole slots that have passed
//! are due; only the one slot that the present has entered is spread over the wheels below. An entry thus moves a few
//! times at most, and never in the common case of being removed before it is due.

use super::core::Call;
use super::slab::{Key, NONE, Slab};
use std::collections::VecDeque;
use std::task::Waker;

/// What happens when a timeout is due.
pub(crate) enum Action {
    Wake(Waker),
    /// Boxed twice, so that the usual action is small.
    Call(Box<Call>),
}

/// All timeouts of a loop. Deadlines are nanoseconds since the loop was made.
pub(crate) struct Timers {
    entries: Slab<Entry>,
    wheels: [Wheel; WHEELS],
    /// The present, as of the last call of `expire`.
    now: u64,
    /// Counts insertions, to keep equal deadlines in their order.
    sequence: u64,
    due: VecDeque<Key>,
    batch: Vec<(u64, u64, u32)>,
}

struct Entry {
    deadline: u64,
    sequence: u64,
    /// The neighbours in its list.
    next: u32,
    previous: u32,
    /// Which list it is linked in; no wheel once it is due.
    wheel: u8,
    slot: u8,
    action: Action,
}

/// The wheel of an entry that is due.
const DUE: u8 = u8::MAX;

/// One digit: a list per value, and the set of the values whose list is not empty.
#[derive(Clone, Copy)]
struct Wheel {
    occupied: u64,
    lists: [List; SLOTS],
}

#[derive(Clone, Copy)]
struct List {
    first: u32,
    last: u32,
}

impl List {
    const EMPTY: Self = Self { first: NONE, last: NONE };
}

const DIGIT: u32 = 6;
const SLOTS: usize = 1 << DIGIT;
const WHEELS: usize = u64::BITS.div_ceil(DIGIT) as usize;
/// How many entries of a slot `next` looks at for the exact deadline; in a longer list, the slot's beginning has to do.
const LOOK: usize = 16;

impl Timers {
    pub(crate) fn new() -> Self {
        let empty = Wheel { occupied: 0, lists: [List::EMPTY; SLOTS] };
        Self {
            entries: Slab::new(),
            wheels: [empty; WHEELS],
            now: 0,
            sequence: 0,
            due: VecDeque::new(),
            batch: Vec::new(),
        }
    }

    /// Adds a timeout; one whose deadline has passed is due the next time.
    pub(crate) fn insert(&mut self, deadline: u64, action: Action) -> Key {
        self.sequence += 1;
        let entry = Entry {
            deadline,
            sequence: self.sequence,
            next: NONE,
            previous: NONE,
            wheel: DUE,
            slot: 0,
            action,
        };
        let key = self.entries.insert(entry);
        self.link(key.index);
        key
    }

    /// Takes a timeout out, also one that is already due but has not run.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Action> {
        let entry = self.entries.remove(key)?;
        self.unlink(&entry);
        Some(entry.action)
    }

    /// What a timeout will do, if it is still to come.
    pub(crate) fn action_mut(&mut self, key: Key) -> Option<&mut Action> {
        self.entries.get_mut(key).map(|entry| &mut entry.action)
    }

    /// Moves time on: `pop_due` then hands out what is due at `now`, ordered by deadline, equal ones by insertion.
    pub(crate) fn expire(&mut self, now: u64) {
        let now = now.max(self.now);
        let before = std::mem::replace(&mut self.now, now);
        for wheel in 0..WHEELS {
            let entered = digit(now, wheel);
            let same_turn = above(now, wheel) == above(before, wheel);
            // Of this wheel's slots, those before the present's have passed; all of them, if a digit above has changed.
            let passed = if same_turn { (1u64 << entered) - 1 } else { u64::MAX };
            self.drain(wheel, self.wheels[wheel].occupied & passed);
            if same_turn {
                self.drain(wheel, self.wheels[wheel].occupied & 1 << entered);
                break;
            }
        }
        self.batch.sort_unstable_by_key(|&(deadline, sequence, _)| (deadline, sequence));
        let keys = self.batch.drain(..).filter_map(|(.., index)| self.entries.key_at(index));
        self.due.extend(keys);
    }

    /// The next timeout that is due and was not removed meanwhile.
    pub(crate) fn pop_due(&mut self) -> Option<Action> {
        while let Some(key) = self.due.pop_front() {
            if let Some(entry) = self.entries.remove(key) {
                return Some(entry.action);
            }
        }
        None
    }

    /// How many timeouts `pop_due` has to hand out at most.
    pub(crate) fn due(&self) -> usize {
        self.due.len()
    }

    /// When to look again: the next deadline, or a little before it.
    pub(crate) fn next(&self) -> Option<u64> {
        let number = self.wheels.iter().position(|wheel| wheel.occupied != 0)?;
        let wheel = &self.wheels[number];
        let slot = wheel.occupied.trailing_zeros();
        let mut earliest = u64::MAX;
        let mut next = wheel.lists[slot as usize].first;
        for _ in 0..LOOK {
            let Some(entry) = self.entries.at(next) else {
                return Some(earliest);
            };
            earliest = earliest.min(entry.deadline);
            next = entry.next;
        }
        let shift = number as u32 * DIGIT;
        Some(
            above(self.now, number).checked_shl(shift + DIGIT).unwrap_or(0)
                | u64::from(slot) << shift,
        )
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All actions, at the end of the loop; their destructors must not run while the timers are borrowed.
    pub(crate) fn clear(&mut self) -> Vec<Action> {
        self.entries.keys().into_iter().filter_map(|key| self.remove(key)).collect()
    }

    /// Empties the given slots: what is due goes into the batch, the rest one wheel further down or more.
    fn drain(&mut self, wheel: usize, mut slots: u64) {
        while slots != 0 {
            let slot = slots.trailing_zeros();
            slots &= slots - 1;
            self.wheels[wheel].occupied &= !(1 << slot);
            let list = &mut self.wheels[wheel].lists[slot as usize];
            let mut index = std::mem::replace(list, List::EMPTY).first;
            while let Some(entry) = self.entries.at_mut(index) {
                let next = std::mem::replace(&mut entry.next, NONE);
                entry.previous = NONE;
                entry.wheel = DUE;
                if entry.deadline <= self.now {
                    self.batch.push((entry.deadline, entry.sequence, index));
                } else {
                    self.link(index);
                }
                index = next;
            }
        }
    }

    fn link(&mut self, index: u32) {
        let Some(entry) = self.entries.at_mut(index) else { return };
        // A deadline in the past belongs to the present's slot; its true value still decides the order.
        let deadline = entry.deadline.max(self.now);
        let differing = (deadline ^ self.now) | 1;
        let wheel = (differing.ilog2() / DIGIT) as usize;
        let slot = digit(deadline, wheel);
        (entry.wheel, entry.slot) = (wheel as u8, slot as u8);
        let list = &mut self.wheels[wheel].lists[slot];
        let previous = std::mem::replace(&mut list.last, index);
        entry.previous = previous;
        match self.entries.at_mut(previous) {
            Some(last) => last.next = index,
            None => list.first = index,
        }
        self.wheels[wheel].occupied |= 1 << slot;
    }

    fn unlink(&mut self, entry: &Entry) {
        let Some(wheel) = self.wheels.get_mut(usize::from(entry.wheel)) else { return };
        let list = &mut wheel.lists[usize::from(entry.slot)];
        match self.entries.at_mut(entry.next) {
            Some(next) => next.previous = entry.previous,
            None => list.last = entry.previous,
        }
        match self.entries.at_mut(entry.previous) {
            Some(previous) => previous.next = entry.next,
            None => list.first = entry.next,
        }
        if list.first == NONE {
            wheel.occupied &= !(1 << entry.slot);
        }
    }
}

/// The digit of `time` that `wheel` stands for.
const fn digit(time: u64, wheel: usize) -> usize {
    (time >> (wheel as u32 * DIGIT)) as usize & (SLOTS - 1)
}

/// The digits of `time` above the one that `wheel` stands for.
const fn above(time: u64, wheel: usize) -> u64 {
    match time.checked_shr((wheel as u32 + 1) * DIGIT) {
        Some(above) => above,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ioloop::Core;
    use std::collections::BTreeMap;

    /// A small generator of numbers, for tests that want many different ones.
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }
    }

    fn noted(order: &std::rc::Rc<std::cell::RefCell<Vec<u64>>>, what: u64) -> Action {
        let order = order.clone();
        Action::Call(Box::new(Box::new(move |_| order.borrow_mut().push(what))))
    }

    fn run_due(timers: &mut Timers) {
        let core = Core::current_or_panic();
        while let Some(action) = timers.pop_due() {
            match action {
                Action::Call(call) => call(&core),
                Action::Wake(waker) => waker.wake(),
            }
        }
    }

    #[test]
    fn agrees_with_a_sorted_map_whatever_is_inserted_removed_and_skipped() {
        for seed in 1..200u64 {
            let mut numbers = Numbers(seed);
            let order = std::rc::Rc::default();
            let mut timers = Timers::new();
            let mut model = BTreeMap::new();
            let mut keys = Vec::new();
            let mut now = 0;
            for id in 0..300 {
                let reach = 1 << (numbers.next() % 40);
                let deadline = (now + numbers.next() % reach).saturating_sub(numbers.next() % 3);
                let key = timers.insert(deadline, noted(&order, id));
                model.insert((deadline, id), key);
                keys.push((deadline, id, key));
                if numbers.next().is_multiple_of(4) {
                    let (deadline, id, key) = keys[numbers.next() as usize % keys.len()];
                    let there = model.remove(&(deadline, id)).is_some();
                    assert_eq!(timers.remove(key).is_some(), there);
                }
                if numbers.next().is_multiple_of(8) {
                    let reach = 1 << (numbers.next() % 40);
                    now += numbers.next() % reach;
                    let later = model.split_off(&(now + 1, 0));
                    let expected: Vec<u64> = model.into_keys().map(|(_, id)| id).collect();
                    model = later;
                    timers.expire(now);
                    run_due(&mut timers);
                    assert_eq!(std::mem::take(&mut *order.borrow_mut()), expected, "seed {seed}");
                    assert_eq!(timers.len(), model.len());
                }
                if let (Some(next), Some((earliest, _))) = (timers.next(), model.keys().next()) {
                    assert!(
                        next <= (*earliest).max(now),
                        "seed {seed}: would sleep past a deadline"
                    );
                }
                assert_eq!(timers.next().is_some(), !model.is_empty());
            }
        }
    }

    #[test]
    fn the_next_deadline_is_exact_when_few_wait() {
        let mut timers = Timers::new();
        timers.expire(1_000_000_007);
        timers.insert(u64::MAX, Action::Wake(std::task::Waker::noop().clone()));
        assert_eq!(timers.next(), Some(u64::MAX));
        timers.insert(3_600_000_000_001, Action::Wake(std::task::Waker::noop().clone()));
        assert_eq!(timers.next(), Some(3_600_000_000_001));
        timers.expire(3_600_000_000_000);
        assert_eq!(timers.due(), 0);
        timers.expire(3_600_000_000_001);
        assert_eq!(timers.due(), 1);
    }

    #[test]
    fn removing_a_due_timeout_prevents_it() {
        let order = std::rc::Rc::default();
        let mut timers = Timers::new();
        timers.insert(5, noted(&order, 1));
        let second = timers.insert(5, noted(&order, 2));
        timers.expire(5);
        assert!(timers.remove(second).is_some());
        run_due(&mut timers);
        assert_eq!(*order.borrow(), [1]);
    }

    #[test]
    fn remove_timeout_cleanup() {
        let mut timers = Timers::new();
        for deadline in 0..10_000 {
            let key =
                timers.insert(1_000_000 + deadline, Action::Wake(std::task::Waker::noop().clone()));
            timers.remove(key);
        }
        assert_eq!(timers.len(), 0);
        assert_eq!(timers.next(), None);
        assert!(timers.entries.keys().is_empty());
    }
}
