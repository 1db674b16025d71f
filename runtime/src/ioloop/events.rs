//! The event masks of `add_handler`, with Tornado's values.

use crate::sys::{Interest, Readiness};
use std::ops::{BitOr, BitOrAssign};

/// A set of events of a descriptor.
///
/// ```
/// use gustnado::ioloop::Events;
///
/// let events = Events::READ | Events::WRITE;
/// assert!(events.contains(Events::READ) && !events.contains(Events::ERROR));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Events(u32);

impl Events {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// There is something to read, or the other side has closed.
    pub const READ: Self = Self(0x001);
    /// There is room to write.
    pub const WRITE: Self = Self(0x004);
    /// The descriptor has failed or hung up. Reported whether asked for or not.
    pub const ERROR: Self = Self(0x018);

    /// Whether all of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The mask that Tornado has for this set.
    pub const fn bits(self) -> u32 {
        self.0
    }

    pub(super) const fn interest(self) -> Option<Interest> {
        match (self.contains(Self::READ), self.contains(Self::WRITE)) {
            (true, true) => Some(Interest::Both),
            // Who asks for nothing but errors hears of them whatever is registered; reading is the quieter of the two.
            (true, false) => Some(Interest::Read),
            (false, true) => Some(Interest::Write),
            (false, false) if self.contains(Self::ERROR) => Some(Interest::Read),
            (false, false) => None,
        }
    }

    pub(super) fn from_readiness(readiness: Readiness) -> Self {
        let mut events = Self::NONE;
        if readiness.intersects(Readiness::READ.union(Readiness::READ_CLOSED)) {
            events |= Self::READ;
        }
        if readiness.intersects(Readiness::WRITE) {
            events |= Self::WRITE;
        }
        if readiness.intersects(Readiness::ERROR) {
            events |= Self::ERROR;
        }
        events
    }
}

impl BitOr for Events {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Events {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
