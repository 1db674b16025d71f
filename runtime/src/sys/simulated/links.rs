//! What lies between the hosts: how long packets travel, how they are cut, and which of them do not arrive.

use super::super::Random;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

/// The least and the most that a link of the seed's choice delays a packet, in nanoseconds.
const DELAYS: RangeInclusive<u64> = 1_000..=10_000_000;

/// How many bytes a connection of the seed's choice holds in each direction.
const BUFFERS: RangeInclusive<u64> = 1024..=256 * 1024;

/// A write that the seed cuts comes in so many pieces at most.
const CRUMBS: u64 = 16;

/// The state of all links, and what the test has asked for. What it has not asked for is the seed's choice.
pub(super) struct Links {
    delay: RangeInclusive<u64>,
    /// In nanoseconds.
    delays: BTreeMap<Link, RangeInclusive<u64>>,
    /// The sizes of the pieces that data arrives in.
    pieces: Option<RangeInclusive<u64>>,
    buffers: Option<RangeInclusive<u64>>,
    /// The probability that a packet with data breaks its connection.
    pub(super) resets: f64,
    cut: BTreeSet<Link>,
    refused: BTreeSet<SocketAddr>,
}

/// Two hosts, the lesser one first.
type Link = (IpAddr, IpAddr);

impl Links {
    pub(super) fn new(random: &mut Random) -> Self {
        // Worlds differ: in some, packets need the same time always, in others they are late at random.
        let least = random.magnitude(&DELAYS);
        let spread = random.magnitude(&DELAYS);
        Self {
            delay: least..=least + spread,
            delays: BTreeMap::new(),
            pieces: None,
            buffers: None,
            resets: 0.0,
            cut: BTreeSet::new(),
            refused: BTreeSet::new(),
        }
    }

    /// How long a packet travels, in nanoseconds.
    pub(super) fn delay(&self, from: IpAddr, to: IpAddr, random: &mut Random) -> u64 {
        random.within(self.delays.get(&link(from, to)).unwrap_or(&self.delay))
    }

    /// Sets the delay of one link, or else of all that have none of their own.
    pub(super) fn set_delay(
        &mut self,
        between: Option<(IpAddr, IpAddr)>,
        delay: &RangeInclusive<Duration>,
    ) {
        let delay = nanos(*delay.start())..=nanos(*delay.end());
        match between {
            Some((one, other)) => drop(self.delays.insert(link(one, other), delay)),
            None => self.delay = delay,
        }
    }

    /// The size of a connection's buffer for one direction.
    pub(super) fn buffer(&self, random: &mut Random) -> usize {
        let size = match &self.buffers {
            Some(sizes) => random.within(sizes),
            None => random.magnitude(&BUFFERS),
        };
        // One that holds nothing would let nothing through.
        size.max(1) as usize
    }

    pub(super) fn set_buffers(&mut self, sizes: &RangeInclusive<usize>) {
        self.buffers = Some(*sizes.start() as u64..=*sizes.end() as u64);
    }

    pub(super) fn set_pieces(&mut self, sizes: &RangeInclusive<usize>) {
        self.pieces = Some(*sizes.start() as u64..=*sizes.end() as u64);
    }

    /// Whether a write comes back short although there is room: now and then, unless the test decides about pieces.
    pub(super) fn shortens(&self, random: &mut Random) -> bool {
        self.pieces.is_none() && random.once_in(8)
    }

    /// Cuts `bytes` into the pieces in which they arrive.
    pub(super) fn cut(&self, mut bytes: Bytes, random: &mut Random) -> Vec<Bytes> {
        // Most writes stay whole, as in life; the others have a few cuts anywhere, or are crumbled at their beginning.
        let (mut cuts, sizes) = match &self.pieces {
            Some(sizes) => (u64::MAX, sizes.clone()),
            None => match random.below(8) {
                0 => (random.below(CRUMBS), 1..=4),
                1..4 => (random.below(4), 1..=u64::from(u16::MAX)),
                _ => (0, 1..=1),
            },
        };
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let size = match cuts {
                0 => bytes.len(),
                _ if self.pieces.is_some() => random.within(&sizes) as usize,
                _ => random.magnitude(&sizes) as usize,
            };
            cuts = cuts.saturating_sub(1);
            pieces.push(bytes.split_to(size.clamp(1, bytes.len())));
        }
        pieces
    }

    /// Lets nothing through between two hosts, or everything again.
    pub(super) fn set_cut(&mut self, one: IpAddr, other: IpAddr, cut: bool) {
        match cut {
            true => self.cut.insert(link(one, other)),
            false => self.cut.remove(&link(one, other)),
        };
    }

    pub(super) fn is_cut(&self, from: IpAddr, to: IpAddr) -> bool {
        self.cut.contains(&link(from, to))
    }

    /// Refuses connections to an address, whoever listens there, or no more.
    pub(super) fn set_refused(&mut self, address: SocketAddr, refused: bool) {
        match refused {
            true => self.refused.insert(address),
            false => self.refused.remove(&address),
        };
    }

    pub(super) fn is_refused(&self, address: SocketAddr) -> bool {
        self.refused.contains(&address)
    }
}

fn link(one: IpAddr, other: IpAddr) -> Link {
    (one.min(other), one.max(other))
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_what_was_cut_in_its_order() {
        let mut random = Random::new(7, 0);
        let mut links = Links::new(&mut random);
        let bytes: Bytes = (0..10_000_u32).map(|number| number as u8).collect();
        let mut counts = BTreeSet::new();
        for _ in 0..200 {
            let pieces = links.cut(bytes.clone(), &mut random);
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
            assert!(pieces.len() as u64 <= CRUMBS);
            assert_eq!(pieces.concat(), bytes);
            counts.insert(pieces.len());
        }
        assert!(counts.len() > 5, "{counts:?}");
        links.set_pieces(&(1..=1));
        assert_eq!(links.cut(bytes.clone(), &mut random).len(), bytes.len());
        assert!(links.cut(Bytes::new(), &mut random).is_empty());
    }

    #[test]
    fn a_link_is_the_same_from_both_sides() {
        let mut random = Random::new(8, 0);
        let mut links = Links::new(&mut random);
        let [one, other, third] = [1, 2, 3].map(|last| IpAddr::from([10, 0, 0, last]));
        links.set_cut(one, other, true);
        let second = Duration::from_secs(1);
        links.set_delay(Some((other, one)), &(second..=second));
        assert!(links.is_cut(one, other) && links.is_cut(other, one) && !links.is_cut(one, third));
        assert_eq!(links.delay(one, other, &mut random), 1_000_000_000);
        assert!(links.delay(one, third, &mut random) < 1_000_000_000);
        links.set_cut(other, one, false);
        assert!(!links.is_cut(one, other));
    }
}
