//! Whether and when a job is tried again.

use crate::ioloop::Core;
use std::time::Duration;

const ATTEMPTS: u32 = 5;
const LONGEST: Duration = Duration::from_secs(3600);
const JITTER: f64 = 0.2;

/// Whether and when a job that has failed is tried again.
///
/// ```
/// use gustnado::jobs::Retry;
/// use std::time::Duration;
///
/// // After 1, 2, 4, 8, 10, 10 and 10 seconds, each 10 % shorter or longer at most.
/// Retry::exponential(Duration::from_secs(1)).attempts(8).longest(Duration::from_secs(10));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a policy does nothing by itself"]
pub struct Retry {
    attempts: u32,
    first: Duration,
    doubles: bool,
    longest: Duration,
    jitter: f64,
}

impl Retry {
    /// One attempt is all that a job has.
    pub const fn never() -> Self {
        Self { attempts: 1, ..Self::constant(Duration::ZERO) }
    }

    /// The first pause, and each further one twice as long.
    pub const fn exponential(first: Duration) -> Self {
        Self { doubles: true, ..Self::constant(first) }
    }

    /// Always the same pause.
    pub const fn constant(pause: Duration) -> Self {
        Self { attempts: ATTEMPTS, first: pause, doubles: false, longest: LONGEST, jitter: JITTER }
    }

    /// How many attempts a job has, the first included: 5 unless set.
    ///
    /// # Panics
    ///
    /// If that is none.
    pub const fn attempts(self, attempts: u32) -> Self {
        assert!(attempts > 0, "a job needs an attempt");
        Self { attempts, ..self }
    }

    /// No pause is longer than this, but for chance: an hour unless set.
    pub const fn longest(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// Makes each pause longer or shorter by chance, by up to half of this fraction: of 0.2, by 10 % to either side. It keeps
    /// jobs that have failed together from coming back together. 0.2 unless set.
    ///
    /// # Panics
    ///
    /// If the fraction is not between 0 and 1.
    pub const fn jitter(self, fraction: f64) -> Self {
        assert!(fraction >= 0.0 && fraction <= 1.0, "a jitter is a fraction");
        Self { jitter: fraction, ..self }
    }

    /// Whether there is another attempt after so many.
    pub(crate) const fn allows(&self, attempts: u32) -> bool {
        attempts < self.attempts
    }

    /// How long to wait after so many attempts.
    pub(crate) fn pause(&self, attempts: u32) -> Duration {
        let pause = self.unchanged(attempts);
        let nanos = u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(Core::current_or_panic().jittered(nanos, self.jitter))
    }

    /// The same without chance.
    fn unchanged(&self, attempts: u32) -> Duration {
        let doublings = if self.doubles { attempts.saturating_sub(1) } else { 0 };
        let factor = 2_u32.saturating_pow(doublings);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(retry: &Retry) -> Vec<f64> {
        (1..).take_while(|n| retry.allows(*n)).map(|n| retry.unchanged(n).as_secs_f64()).collect()
    }

    #[test]
    fn pauses_double_until_the_longest() {
        let retry = Retry::exponential(Duration::from_millis(500)).attempts(6);
        assert_eq!(seconds(&retry), [0.5, 1.0, 2.0, 4.0, 8.0]);
        assert_eq!(seconds(&retry.longest(Duration::from_secs(3))), [0.5, 1.0, 2.0, 3.0, 3.0]);
        assert_eq!(seconds(&Retry::constant(Duration::from_secs(7))), [7.0; 4]);
        assert_eq!(seconds(&Retry::never()), [0.0; 0]);
    }

    #[test]
    fn after_however_many_attempts_a_pause_is_not_longer() {
        let retry = Retry::exponential(Duration::MAX).attempts(u32::MAX).longest(Duration::MAX);
        assert_eq!(retry.unchanged(u32::MAX - 1), Duration::MAX);
        let retry = Retry::exponential(Duration::from_secs(1)).attempts(u32::MAX);
        assert_eq!(retry.unchanged(1_000), LONGEST);
    }
}
