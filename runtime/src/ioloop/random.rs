//! Chance: what keeps those who do something regularly from doing it all at the same time, and what nobody can guess.

use super::Core;
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

impl Core {
    /// A number of nanoseconds made longer or shorter by chance, by Tornado's rule: × (1 + `jitter` × (random − ½)). Never 0.
    pub(crate) fn jittered(&self, nanos: u64, jitter: f64) -> u64 {
        if jitter == 0.0 {
            return nanos.max(1);
        }
        let factor = 1.0 + jitter * (self.random.borrow_mut().fraction() - 0.5);
        ((nanos as f64 * factor) as u64).max(1)
    }

    /// A number that tells nothing about others. The thread counts, and hashes the count with a key that the system has drawn for
    /// it: the hash is SipHash, made for that. In a simulated world, the seed decides.
    pub(crate) fn unguessable(&self) -> u64 {
        thread_local! {
            static KEY: RandomState = RandomState::new();
            static COUNT: Cell<u64> = const { Cell::new(0) };
        }
        if self.is_simulated() {
            return self.random.borrow_mut().next();
        }
        KEY.with(|key| key.hash_one(COUNT.replace(COUNT.get().wrapping_add(1))))
    }
}

#[cfg(test)]
mod tests {
    use crate::ioloop::IOLoop;

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
        assert_ne!(first.random.borrow_mut().next(), second.random.borrow_mut().next());
    }
}
