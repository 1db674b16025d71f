//! How long the phases of a fetch took.

use std::time::Duration;

/// How long the phases of a fetch took: Tornado's `time_info`.
///
/// Each is a moment, counted from the call of `fetch`, on the loop's clock, which stands still within a turn. A phase that did not
/// happen takes no time: over a connection that was kept, `queue`, `namelookup` and `connect` are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeInfo {
    /// It was this fetch's turn.
    pub queue: Duration,
    /// The host's name was resolved.
    pub namelookup: Duration,
    /// The connection was there.
    pub connect: Duration,
    /// The head of the response had arrived.
    pub starttransfer: Duration,
    /// The response was complete.
    pub total: Duration,
}

/// The same in the loop's ticks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) called: u64,
    pub(super) begun: u64,
    pub(super) resolved: u64,
    pub(super) connected: u64,
    pub(super) answered: u64,
    pub(super) finished: u64,
}

impl Times {
    /// There is a connection, for which no name had to be resolved.
    pub(super) fn connected(&mut self, now: u64) {
        self.resolved = now;
        self.connected = now;
    }

    pub(super) fn info(&self) -> TimeInfo {
        let since = |moment: u64| Duration::from_nanos(moment.saturating_sub(self.called));
        TimeInfo {
            queue: since(self.begun),
            namelookup: since(self.resolved),
            connect: since(self.connected),
            starttransfer: since(self.answered),
            total: since(self.finished),
        }
    }

    /// From the end of the queue to the end of the response.
    pub(super) fn request_time(&self) -> Duration {
        Duration::from_nanos(self.finished.saturating_sub(self.begun))
    }
}
