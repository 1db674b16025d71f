//! Random numbers that a seed decides, for nothing that anybody could gain from guessing.

use std::ops::RangeInclusive;

/// A generator of numbers: SplitMix64, which is a counter and a good mixer of its bits.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Generators of one seed and different streams know nothing of each other.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed);
        // Neighbouring seeds would otherwise walk the same path, one step apart.
        random.0 = random.next() ^ stream.wrapping_mul(0xd134_2543_de82_ef95);
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `bound`, or 0 if that is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The upper half of the product: a division less, and as even as 64 bits can be told apart.
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A number of `range`; its beginning, if it is empty.
    pub(crate) fn within(&mut self, range: &RangeInclusive<u64>) -> u64 {
        let (first, last) = (*range.start(), *range.end());
        match last.saturating_sub(first).checked_add(1) {
            Some(count) => first + self.below(count),
            None => self.next(),
        }
    }

    /// A number of `range` of which each magnitude is as likely as another: as many below 10 as between 100 and 1000.
    pub(crate) fn magnitude(&mut self, range: &RangeInclusive<u64>) -> u64 {
        let bits = |number: u64| u64::from(64 - number.leading_zeros());
        let size = self.within(&(bits(*range.start())..=bits(*range.end())));
        let largest = if size == 64 { u64::MAX } else { (1 << size) - 1 };
        self.within(&(largest / 2..=largest)).clamp(*range.start(), *range.end())
    }

    /// True once in `count` times.
    pub(crate) fn once_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// A number from 0 to below 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        const DIGITS: u32 = f64::MANTISSA_DIGITS;
        (self.next() >> (u64::BITS - DIGITS)) as f64 / (1_u64 << DIGITS) as f64
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// Brings `items` into any order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_a_range_comes_up_and_no_other() {
        let mut random = Random::new(1, 0);
        let mut seen = [0; 6];
        for _ in 0..600 {
            seen[random.within(&(10..=15)) as usize - 10] += 1;
        }
        assert!(seen.iter().all(|count| (60..=140).contains(count)), "{seen:?}");
        assert_eq!(random.within(&(7..=7)), 7);
        assert_eq!(random.below(0), 0);
        // The whole range has one number more than 64 bits can count.
        let whole: Vec<u64> = (0..8).map(|_| random.within(&(0..=u64::MAX))).collect();
        assert!(whole.iter().any(|number| *number > u64::MAX / 2), "{whole:?}");
    }

    #[test]
    fn magnitudes_stay_within_their_range() {
        let mut random = Random::new(2, 0);
        let numbers: Vec<u64> = (0..1000).map(|_| random.magnitude(&(3..=100_000))).collect();
        assert!(numbers.iter().all(|number| (3..=100_000).contains(number)));
        assert!(numbers.iter().filter(|number| **number < 100).count() > 150);
        assert!(numbers.iter().filter(|number| **number > 10_000).count() > 100);
        assert!((0..1000).all(|_| random.magnitude(&(0..=0)) == 0));
    }

    #[test]
    fn seeds_and_streams_differ_from_the_first_number_on() {
        let mut firsts: Vec<u64> = (0..64)
            .flat_map(|seed| [0, 1].map(|stream| Random::new(seed, stream).next()))
            .collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 128);
        let numbers = |seed| {
            let mut random = Random::new(seed, 0);
            (0..100).map(move |_| random.next()).collect::<Vec<_>>()
        };
        assert_eq!(numbers(5), numbers(5));
        assert!(numbers(6).iter().all(|number| !numbers(5).contains(number)));
    }

    #[test]
    fn a_shuffle_loses_nothing_and_every_order_is_possible() {
        let mut random = Random::new(3, 0);
        let mut orders: Vec<[u8; 3]> = (0..200)
            .map(|_| {
                let mut items = [1, 2, 3];
                random.shuffle(&mut items);
                items
            })
            .collect();
        orders.sort_unstable();
        orders.dedup();
        assert_eq!(orders.len(), 6);
        assert!(orders.iter().all(|order| order.iter().sum::<u8>() == 6));
    }

    #[test]
    fn a_chance_is_what_it_says() {
        let mut random = Random::new(4, 0);
        let mut tenths = [0; 10];
        for _ in 0..1000 {
            tenths[(random.fraction() * 10.0) as usize] += 1;
        }
        assert!(tenths.iter().all(|count| (50..150).contains(count)), "{tenths:?}");
        assert!((0..100).all(|_| random.chance(1.0) && !random.chance(0.0)));
        let quarter = (0..4000).filter(|_| random.chance(0.25)).count();
        assert!((900..1100).contains(&quarter), "{quarter}");
    }
}
