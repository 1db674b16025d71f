//! What happens on the network by itself: packets leave, travel, are held, and arrive.

use super::connection::{Life, Packet, Reply, Side};
use super::network::{BACKLOG, State};
use bytes::Bytes;
use std::cmp::Reverse;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::time::Duration;

/// A client that hears nothing asks again after one second, then two, four, .. as on Linux; so many times.
const TRIES: u32 = 6;

/// How long a client waits for an answer, and how long anybody else does: what these tries, and the fifteen of a packet with
/// data, add up to on Linux.
const CONNECT_PATIENCE: Duration = Duration::from_secs(127);
const PATIENCE: Duration = Duration::from_secs(924);

/// Packets that a cut has held are sent again at growing intervals, so they come late after it, but not later than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Something that will happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// A packet arrives that this end of this connection has sent.
    Arrival(RawFd, Side),
    /// What this end has sent was held since that moment; it waits no longer.
    GiveUp(RawFd, Side, u64),
}

impl State {
    fn plan(&mut self, at: u64, event: Event) {
        self.agenda.push(Reverse((at, self.random.next(), event)));
    }

    /// Lets everything happen that is due.
    pub(super) fn happen(&mut self) {
        while let Some(Reverse((at, _, event))) = self.agenda.peek().copied()
            && at <= self.now.get()
        {
            self.agenda.pop();
            match event {
                Event::Arrival(number, side) => self.arrive(number, side),
                Event::GiveUp(number, side, since) => self.give_up(number, side, since),
            }
        }
    }

    /// Sends a packet from one end of a connection to the other one.
    pub(super) fn send(&mut self, number: RawFd, side: Side, packet: Packet) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let (from, to) = (connection.address(side), connection.address(side.other()));
        let delay = self.links.delay(from.ip(), to.ip(), &mut self.random);
        let now = self.now.get();
        let wire = &mut connection.end(side).wire;
        // Nothing overtakes what was sent before on the same connection, or falls together with it.
        let at = now.saturating_add(delay).max(wire.last.saturating_add(1));
        wire.last = at;
        tracing::trace!(
            target: "gustnado.simulation",
            "{:?}: {from} -> {to}: {packet}, arrives at {:?}", Duration::from_nanos(now), Duration::from_nanos(at)
        );
        let is_confirmed = packet.is_confirmed();
        wire.packets.push_back((at, packet));
        if wire.held.is_none() {
            self.plan(at, Event::Arrival(number, side));
        } else if is_confirmed {
            self.miss(number, side);
        }
    }

    /// Sends a reset. It may overtake what is on its way, because who gives up does not send that again.
    pub(super) fn send_reset(&mut self, number: RawFd, side: Side) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let packets = &mut connection.end(side).wire.packets;
        let kept = self.random.below(packets.len() as u64 + 1) as usize;
        packets.truncate(kept);
        self.send(number, side, Packet::Reset);
    }

    fn arrive(&mut self, number: RawFd, side: Side) {
        let now = self.now.get();
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let (from, to) = (connection.address(side), connection.address(side.other()));
        let wire = &mut connection.end(side).wire;
        if wire.held.is_some() || wire.packets.front().is_none_or(|(at, _)| *at > now) {
            return;
        }
        if self.links.is_cut(from.ip(), to.ip()) {
            wire.held = Some(now);
            if wire.packets.iter().any(|(_, packet)| packet.is_confirmed()) {
                self.miss(number, side);
            }
            return;
        }
        let Some((_, packet)) = wire.packets.pop_front() else { return };
        tracing::trace!(
            target: "gustnado.simulation",
            "{:?}: {from} -> {to}: {packet} has arrived", Duration::from_nanos(now)
        );
        match packet {
            Packet::Syn(tries) => self.admit(number, tries, to),
            Packet::Data(_) if self.random.chance(self.links.resets) => self.fail_both(number),
            packet => self.hear(number, side.other(), packet),
        }
    }

    /// The end of a connection that is `side` hears a packet.
    fn hear(&mut self, number: RawFd, side: Side, packet: Packet) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let end = connection.end(side);
        if matches!(packet, Packet::Reset) && self.random.once_in(2) {
            end.forget_received();
        }
        let reply = end.hear(packet);
        self.follow(number, side, reply);
    }

    fn follow(&mut self, number: RawFd, side: Side, reply: Reply) {
        match reply {
            Reply::Nothing => {}
            Reply::Look => drop(self.changed.insert(number + side as RawFd)),
            Reply::Reset => self.send_reset(number, side),
        }
    }

    /// A client asks for a connection to `address`.
    fn admit(&mut self, number: RawFd, tries: u32, address: SocketAddr) {
        match self.listener(address) {
            _ if self.links.is_refused(address) => self.refuse(number),
            None => self.refuse(number),
            Some(listener) => {
                let queue = self.listeners.get_mut(&listener).map(|listener| &mut listener.queue);
                let Some(connection) = self.connections.get_mut(&number) else { return };
                match queue {
                    Some(queue) if queue.len() < BACKLOG => {
                        queue.push_back(number);
                        connection.end(Side::Server).life = Life::Connected;
                        self.changed.insert(listener);
                        self.send(number, Side::Server, Packet::SynAck);
                    }
                    // Linux drops what it cannot queue, and the client asks again.
                    _ if tries < TRIES => {
                        let pause = Duration::from_secs(1 << tries).as_nanos() as u64;
                        let at = self.now.get().saturating_add(pause);
                        let wire = &mut connection.end(Side::Client).wire;
                        wire.packets.push_front((at, Packet::Syn(tries + 1)));
                        wire.last = wire.last.max(at);
                        self.plan(at, Event::Arrival(number, Side::Client));
                    }
                    _ => self.fail(number, Side::Client, ErrorKind::TimedOut),
                }
            }
        }
    }

    /// Who listens on `address`; if several do, one of them.
    fn listener(&mut self, address: SocketAddr) -> Option<RawFd> {
        let listening = |wanted: &dyn Fn(IpAddr) -> bool| {
            let listeners = self.listeners.iter().filter(|(_, listener)| {
                listener.address.port() == address.port() && wanted(listener.address.ip())
            });
            listeners.map(|(number, _)| *number).collect::<Vec<_>>()
        };
        let mut found = listening(&|ip| ip == address.ip());
        if found.is_empty() {
            found = listening(&|ip| ip.is_unspecified() && ip.is_ipv4() == address.is_ipv4());
        }
        let index = self.random.below(found.len() as u64) as usize;
        found.get(index).copied()
    }

    fn refuse(&mut self, number: RawFd) {
        self.send(number, Side::Server, Packet::Reset);
    }

    /// Something is held that has to be confirmed. Its sender tries for a while.
    fn miss(&mut self, number: RawFd, side: Side) {
        let now = self.now.get();
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let wire = &mut connection.end(side).wire;
        if wire.missed.is_none() {
            wire.missed = Some(now);
            let patience = if wire.is_first() { CONNECT_PATIENCE } else { PATIENCE };
            let until = now.saturating_add(patience.as_nanos() as u64);
            self.plan(until, Event::GiveUp(number, side, now));
        }
    }

    fn give_up(&mut self, number: RawFd, side: Side, since: u64) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if connection.end(side).wire.missed == Some(since) {
            self.fail(number, side, ErrorKind::TimedOut);
            self.ask_for_room(number, side.other());
        }
    }

    /// Who has more to say than the other side has room for asks now and then whether there is more of it. Here this is done only
    /// when it makes a difference: when there will be no answer.
    pub(super) fn ask_for_room(&mut self, number: RawFd, side: Side) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if connection.end(side).is_starved() {
            self.send(number, side, Packet::Data(Bytes::new()));
        }
    }

    /// One end notices that it cannot go on.
    fn fail(&mut self, number: RawFd, side: Side, error: ErrorKind) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let reply = connection.end(side).fail(error);
        self.follow(number, side, reply);
    }

    /// Both ends notice at once that the connection was reset.
    pub(super) fn fail_both(&mut self, number: RawFd) {
        for side in [Side::Client, Side::Server] {
            self.fail(number, side, ErrorKind::ConnectionReset);
        }
    }

    /// A link was cut.
    pub(super) fn notice_cut(&mut self) {
        let numbers: Vec<RawFd> = self.connections.keys().copied().collect();
        for number in numbers {
            for side in [Side::Client, Side::Server] {
                if self.is_cut(number) {
                    self.ask_for_room(number, side);
                }
            }
        }
    }

    /// Whether nothing gets through on a connection.
    pub(super) fn is_cut(&self, number: RawFd) -> bool {
        self.connections.get(&number).is_some_and(|connection| {
            let [client, server] = connection.addresses;
            self.links.is_cut(client.ip(), server.ip())
        })
    }

    /// Sends again what a cut has held, where there is none any more.
    pub(super) fn release(&mut self) {
        let now = self.now.get();
        let mut planned = Vec::new();
        for (number, connection) in &mut self.connections {
            for side in [Side::Client, Side::Server] {
                let (from, to) = (connection.address(side), connection.address(side.other()));
                let wire = &mut connection.end(side).wire;
                let Some(since) = wire.held else { continue };
                if self.links.is_cut(from.ip(), to.ip()) {
                    continue;
                }
                wire.held = None;
                wire.missed = None;
                let pause = (now - since).min(LONGEST_PAUSE.as_nanos() as u64);
                let mut last = now + self.random.within(&(0..=pause));
                for (at, _) in &mut wire.packets {
                    last = (last + 1).max(*at);
                    *at = last;
                    planned.push((last, Event::Arrival(*number, side)));
                }
                wire.last = wire.last.max(last);
            }
        }
        for (at, event) in planned {
            self.plan(at, event);
        }
    }
}
