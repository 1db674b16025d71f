//! What a test asks of the network.

use super::super::Random;
use super::connection::Life;
use super::network::Network;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::os::fd::RawFd;
use std::time::Duration;

/// A connection as a test sees it: its number, the client's address, and the server's.
pub(crate) type Found = (RawFd, SocketAddr, SocketAddr);

impl Network {
    /// Takes who knows whether anybody outside of the world can still post a letter.
    pub(crate) fn set_outsiders(&self, outsiders: impl Fn() -> bool + 'static) {
        self.outsiders.get_or_init(|| Box::new(outsiders));
    }

    pub(super) fn has_outsiders(&self) -> bool {
        self.outsiders.get().is_some_and(|outsiders| outsiders())
    }

    /// Draws from the test's random numbers.
    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut self.random.borrow_mut())
    }

    /// Says that the code which runs now is on `host`; returns what was said before.
    pub(crate) fn set_host(&self, host: Option<IpAddr>) -> Option<IpAddr> {
        self.host.replace(host)
    }

    /// Sets how long packets travel between two hosts, or else between all that have no delay of their own.
    pub(crate) fn delay(
        &self,
        between: Option<(IpAddr, IpAddr)>,
        delay: &RangeInclusive<Duration>,
    ) {
        self.state.borrow_mut().links.set_delay(between, delay);
    }

    /// Sets the sizes of the pieces in which data arrives.
    pub(crate) fn split(&self, sizes: &RangeInclusive<usize>) {
        self.state.borrow_mut().links.set_pieces(sizes);
    }

    /// Sets how many bytes a new connection holds in each direction.
    pub(crate) fn buffers(&self, sizes: &RangeInclusive<usize>) {
        self.state.borrow_mut().links.set_buffers(sizes);
    }

    /// Sets the probability with which a packet with data breaks its connection.
    pub(crate) fn resets(&self, probability: f64) {
        self.state.borrow_mut().links.resets = probability;
    }

    /// Lets nothing through between two hosts, or everything again.
    pub(crate) fn cut(&self, one: IpAddr, other: IpAddr, cut: bool) {
        let mut state = self.state.borrow_mut();
        state.links.set_cut(one, other, cut);
        if cut {
            state.notice_cut();
        } else {
            state.release();
        }
    }

    /// Refuses connections to an address, whoever listens there, or no more.
    pub(crate) fn refuse(&self, address: SocketAddr, refused: bool) {
        self.state.borrow_mut().links.set_refused(address, refused);
    }

    /// All connections that somebody has an end of, the oldest first.
    pub(crate) fn connections(&self) -> Vec<Found> {
        let state = self.state.borrow();
        let found = state.connections.iter().map(|(number, connection)| {
            let [client, server] = connection.addresses;
            (*number, client, server)
        });
        found.collect()
    }

    /// How many sockets the program holds.
    pub(crate) fn sockets(&self) -> usize {
        let state = self.state.borrow();
        let open = |life| !matches!(life, Life::Unborn | Life::Closed);
        let ends = state.connections.values().flat_map(|connection| &connection.ends);
        state.listeners.len() + ends.filter(|end| open(end.life)).count()
    }

    /// Breaks a connection, for both ends at once.
    pub(crate) fn reset(&self, number: RawFd) {
        self.state.borrow_mut().fail_both(number);
    }
}
