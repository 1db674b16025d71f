//! Chance: what keeps those who do something regularly from doing it all at the same time.

use super::Core;
use std::cell::Cell;

/// Random numbers, for nothing that anybody could gain from guessing; SplitMix64.
pub(super) struct Random(Cell<u64>);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// A number from 0 to below 1.
    fn next(&self) -> f64 {
        const FRACTION: u32 = f64::MANTISSA_DIGITS;
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = mixed ^ mixed >> 31;
        (mixed >> (u64::BITS - FRACTION)) as f64 / (1_u64 << FRACTION) as f64
    }
}

impl Core {
    /// A number of nanoseconds made longer or shorter by chance, by Tornado's rule: × (1 + `jitter` × (random − ½)). Never 0.
    pub(crate) fn jittered(&self, nanos: u64, jitter: f64) -> u64 {
        if jitter == 0.0 {
            return nanos.max(1);
        }
        let factor = 1.0 + jitter * (self.random.next() - 0.5);
        ((nanos as f64 * factor) as u64).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ioloop::IOLoop;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_they_fill_their_range() {
        let numbers = |seed| {
            let random = Random::new(seed);
            (0..1000).map(|_| random.next()).collect::<Vec<_>>()
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
        let numbers = numbers(7);
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        let mut tenths = [0; 10];
        for number in numbers {
            tenths[(number * 10.0) as usize] += 1;
        }
        assert!(tenths.iter().all(|count| (50..150).contains(count)), "{tenths:?}");
    }

    #[test]
    fn jitter_is_half_to_each_side() {
        let core = IOLoop::new().unwrap().core;
        let times: Vec<_> = (0..1000).map(|_| core.jittered(1_000_000, 0.2)).collect();
        assert!(times.iter().all(|time| (900_000..1_100_000).contains(time)));
        assert!(times.iter().any(|time| *time < 920_000));
        assert!(times.iter().any(|time| *time > 1_080_000));
        assert_eq!(core.jittered(1_000_000, 0.0), 1_000_000);
        assert_eq!(core.jittered(0, 1.0), 1);
    }

    #[test]
    fn two_loops_do_not_have_the_same_chance() {
        let [first, second] = [(); 2].map(|()| IOLoop::new().unwrap().core);
        assert_ne!(first.random.next().to_bits(), second.random.next().to_bits());
    }
}
