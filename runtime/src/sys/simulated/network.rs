//! The network: who listens, who is connected, and what programs do with it.

use super::super::Random;
use super::super::{Event as Ready, Interest, Readiness, descriptor};
use super::connection::{Connection, Life, Packet, Side};
use super::links::Links;
use super::socket::{Socket, numbers};
use super::traffic::Event;
use std::cell::{Cell, OnceCell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::time::Duration;

/// So many connections wait to be accepted at most, as on a real one; see [`DEFAULT_BACKLOG`](crate::netutil::DEFAULT_BACKLOG).
pub(super) const BACKLOG: usize = 128;

/// The ports that are given away, as on Linux.
const EPHEMERAL: RangeInclusive<u64> = 32_768..=60_999;

/// A network of hosts that all live on one loop. Every address is a host.
pub(crate) struct Network {
    seed: u64,
    /// Nanoseconds since the beginning; beside the state, so that it can be asked at any time.
    now: Rc<Cell<u64>>,
    pub(super) state: RefCell<State>,
    /// The test's own random numbers, so that what it draws changes nothing of what the network does.
    pub(super) random: RefCell<Random>,
    /// The host that the code which runs now is on, if it has said so.
    pub(super) host: Cell<Option<IpAddr>>,
    pub(super) outsiders: OnceCell<Box<dyn Fn() -> bool>>,
}

/// What there is of the network.
pub(super) struct State {
    pub(super) now: Rc<Cell<u64>>,
    pub(super) random: Random,
    pub(super) links: Links,
    /// By the number of the client's end.
    pub(super) connections: BTreeMap<RawFd, Connection>,
    pub(super) listeners: BTreeMap<RawFd, Listener>,
    /// What will happen, and when; what happens at the same time is in an order of the seed's choice.
    pub(super) agenda: BinaryHeap<Reverse<(u64, u64, Event)>>,
    /// Under which keys the loop wants to hear of sockets, and of what.
    registrations: BTreeMap<RawFd, (u64, Interest)>,
    /// The sockets about which the loop may have to be told something.
    pub(super) changed: BTreeSet<RawFd>,
    next_port: u16,
}

/// A socket that listens.
pub(super) struct Listener {
    pub(super) address: SocketAddr,
    shared: bool,
    /// Connections that nobody has accepted yet.
    pub(super) queue: VecDeque<RawFd>,
}

impl Network {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed, 0);
        let now = Rc::<Cell<u64>>::default();
        let links = Links::new(&mut random);
        let next_port = random.within(&EPHEMERAL) as u16;
        let state = State {
            now: now.clone(),
            random,
            links,
            connections: BTreeMap::new(),
            listeners: BTreeMap::new(),
            agenda: BinaryHeap::new(),
            registrations: BTreeMap::new(),
            changed: BTreeSet::new(),
            next_port,
        };
        Self {
            seed,
            now,
            state: RefCell::new(state),
            random: RefCell::new(Random::new(seed, 1)),
            host: Cell::new(None),
            outsiders: OnceCell::new(),
        }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// How much time has passed in this world.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.now.get())
    }

    pub(super) fn now(&self) -> u64 {
        self.now.get()
    }

    /// Begins to connect to `address`, from the present host.
    pub(crate) fn connect(self: &Rc<Self>, address: SocketAddr) -> io::Result<Socket> {
        let to = SocketAddr::new(reachable(address.ip()), address.port());
        let from = self.host.get().unwrap_or_else(|| loopback(to.ip()));
        let mut state = self.state.borrow_mut();
        let from = SocketAddr::new(from, state.ephemeral_port());
        let State { links, random, .. } = &mut *state;
        let rooms = [links.buffer(random), links.buffer(random)];
        let number = numbers();
        state.connections.insert(number, Connection::new(from, to, rooms));
        state.send(number, Side::Client, Packet::Syn(0));
        Ok(Socket::new(self, number))
    }

    /// Listens on `address`; several sockets may listen on the same one if all of them are `shared`.
    pub(crate) fn listen(
        self: &Rc<Self>,
        mut address: SocketAddr,
        shared: bool,
    ) -> io::Result<Socket> {
        let mut state = self.state.borrow_mut();
        if address.port() == 0 {
            address.set_port(state.ephemeral_port());
        }
        if state.is_taken(address, shared) {
            return Err(ErrorKind::AddrInUse.into());
        }
        let listener = Listener { address, shared, queue: VecDeque::new() };
        let number = numbers();
        state.listeners.insert(number, listener);
        Ok(Socket::new(self, number))
    }

    pub(super) fn accept(self: &Rc<Self>, fd: RawFd) -> io::Result<(Socket, SocketAddr)> {
        let mut state = self.state.borrow_mut();
        let listener = state.listeners.get_mut(&fd).ok_or(ErrorKind::InvalidInput)?;
        let number = listener.queue.pop_front().ok_or(ErrorKind::WouldBlock)?;
        let client = state.connections.get(&number).map(|it| it.address(Side::Client));
        let client = client.ok_or(ErrorKind::ConnectionAborted)?;
        Ok((Socket::new(self, number + 1), client))
    }

    pub(super) fn read(&self, fd: RawFd, into: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state.borrow_mut();
        let (connection, side) = state.connection(fd)?;
        let count = connection.end(side).read(into)?;
        if count > 0 && connection.end(side).life == Life::Connected {
            state.send(fd & !1, side, Packet::Room(count));
        }
        Ok(count)
    }

    pub(super) fn write(&self, fd: RawFd, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut state = self.state.borrow_mut();
        let written = state.write(fd, pieces);
        if state.is_cut(fd & !1) {
            state.ask_for_room(fd & !1, side_of(fd));
        }
        written
    }

    pub(super) fn shutdown(&self, fd: RawFd) -> io::Result<()> {
        let mut state = self.state.borrow_mut();
        let (connection, side) = state.connection(fd)?;
        if connection.end(side).shutdown()? {
            state.send(fd & !1, side, Packet::Fin);
            state.changed.insert(fd);
        }
        Ok(())
    }

    pub(super) fn take_error(&self, fd: RawFd) -> io::Result<Option<io::Error>> {
        let mut state = self.state.borrow_mut();
        let (connection, side) = state.connection(fd)?;
        Ok(connection.end(side).take_error())
    }

    pub(super) fn local_addr(&self, fd: RawFd) -> io::Result<SocketAddr> {
        let mut state = self.state.borrow_mut();
        if let Some(listener) = state.listeners.get(&fd) {
            return Ok(listener.address);
        }
        state.connection(fd).map(|(connection, side)| connection.address(side))
    }

    pub(super) fn peer_addr(&self, fd: RawFd) -> io::Result<SocketAddr> {
        let mut state = self.state.borrow_mut();
        let (connection, side) = state.connection(fd)?;
        match connection.end(side).life {
            Life::Connected => Ok(connection.address(side.other())),
            _ => Err(ErrorKind::NotConnected.into()),
        }
    }

    pub(super) fn close(&self, fd: RawFd) {
        let mut state = self.state.borrow_mut();
        if let Some(listener) = state.listeners.remove(&fd) {
            for number in listener.queue {
                state.abandon(number, Side::Server);
            }
        } else if let Ok((connection, side)) = state.connection(fd) {
            let farewell = connection.end(side).close();
            state.part(fd & !1, side, farewell);
        }
        state.changed.remove(&fd);
        state.registrations.remove(&fd);
    }
}

/// What the backend asks.
impl Network {
    pub(super) fn register(&self, fd: RawFd, key: u64, interest: Interest) -> io::Result<()> {
        let mut state = self.state.borrow_mut();
        if !state.listeners.contains_key(&fd) && state.connection(fd).is_err() {
            let text = format!(
                "fd {fd} is not of the simulated network, which is all that its loop knows"
            );
            return Err(io::Error::new(ErrorKind::Unsupported, text));
        }
        state.registrations.insert(fd, (key, interest));
        // What is ready already is a change, too.
        state.changed.insert(fd);
        Ok(())
    }

    pub(super) fn deregister(&self, fd: RawFd) -> io::Result<()> {
        self.state
            .borrow_mut()
            .registrations
            .remove(&fd)
            .map(drop)
            .ok_or(ErrorKind::NotFound.into())
    }

    /// What a socket is, for a human reader.
    pub(super) fn describe(&self, fd: RawFd) -> String {
        let mut state = self.state.borrow_mut();
        if let Some(listener) = state.listeners.get(&fd) {
            return descriptor::listening(listener.address);
        }
        match state.connection(fd) {
            Ok((it, side)) => descriptor::connection(it.address(side), it.address(side.other())),
            Err(_) => descriptor::unknown(fd),
        }
    }

    /// When something happens next.
    pub(super) fn next(&self) -> Option<u64> {
        self.state.borrow().agenda.peek().map(|Reverse((at, ..))| *at)
    }

    pub(super) fn set_now(&self, now: u64) {
        self.now.set(now);
    }

    /// Lets everything happen that is due, and tells what has become ready.
    pub(super) fn advance(&self, events: &mut Vec<Ready>) {
        let mut state = self.state.borrow_mut();
        state.happen();
        state.report(events);
    }

    /// Whether of two things at the same time the first one comes first.
    pub(super) fn toss(&self) -> bool {
        self.state.borrow_mut().random.once_in(2)
    }
}

impl State {
    fn connection(&mut self, fd: RawFd) -> io::Result<(&mut Connection, Side)> {
        let connection = self.connections.get_mut(&(fd & !1)).ok_or(ErrorKind::NotConnected)?;
        Ok((connection, side_of(fd)))
    }

    fn write(&mut self, fd: RawFd, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let whole = pieces.iter().map(|piece| piece.len()).sum();
        let (connection, side) = self.connection(fd)?;
        let mut count = connection.end(side).may_write(whole)?;
        if count > 0 && self.links.shortens(&mut self.random) {
            count = self.random.within(&(1..=count as u64)) as usize;
        }
        let (connection, side) = self.connection(fd)?;
        let end = connection.end(side);
        let bytes = end.write(pieces, count, whole);
        // It came back short, and could go on.
        if count < whole && end.has_room() {
            self.changed.insert(fd);
        }
        for piece in self.links.cut(bytes, &mut self.random) {
            self.send(fd & !1, side, Packet::Data(piece));
        }
        Ok(count)
    }

    /// Tells what has become ready since the last time, in any order, and perhaps not all of it yet.
    fn report(&mut self, events: &mut Vec<Ready>) {
        let mut changed: Vec<RawFd> = std::mem::take(&mut self.changed).into_iter().collect();
        self.random.shuffle(&mut changed);
        if changed.len() > 1 && self.random.once_in(4) {
            let count = self.random.within(&(1..=changed.len() as u64 - 1));
            self.changed.extend(changed.drain(count as usize..));
        }
        for fd in changed {
            let Some((key, interest)) = self.registrations.get(&fd).copied() else { continue };
            let readiness = self.readiness(fd).without(interest.ignored());
            if readiness != Readiness::default() {
                events.push(Ready { key, readiness });
            }
        }
    }

    /// What a socket is ready for.
    fn readiness(&mut self, fd: RawFd) -> Readiness {
        match self.listeners.get(&fd) {
            Some(listener) if listener.queue.is_empty() => Readiness::default(),
            Some(_) => Readiness::READ,
            None => self.connection(fd).map_or(Readiness::default(), |(connection, side)| {
                connection.end(side).readiness()
            }),
        }
    }

    /// Closes an end that the program has never had.
    fn abandon(&mut self, number: RawFd, side: Side) {
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.end(side).life = Life::Closed;
            self.part(number, side, Some(Packet::Reset));
        }
    }

    /// An end is closed: the other one is told, or the connection is over.
    fn part(&mut self, number: RawFd, side: Side, farewell: Option<Packet>) {
        match self.connections.get(&number) {
            Some(connection) if connection.is_over() => drop(self.connections.remove(&number)),
            Some(_) => match farewell {
                Some(Packet::Reset) => self.send_reset(number, side),
                Some(packet) => self.send(number, side, packet),
                None => {}
            },
            None => {}
        }
    }

    fn is_taken(&self, address: SocketAddr, shared: bool) -> bool {
        self.listeners.values().any(|other| {
            let (one, two) = (address.ip(), other.address.ip());
            let meet = one == two
                || one.is_ipv4() == two.is_ipv4() && (one.is_unspecified() || two.is_unspecified());
            meet && address.port() == other.address.port() && !(shared && other.shared)
        })
    }

    fn ephemeral_port(&mut self) -> u16 {
        loop {
            let port = self.next_port;
            let last = u64::from(port) == *EPHEMERAL.end();
            self.next_port = if last { *EPHEMERAL.start() as u16 } else { port + 1 };
            if !self.listeners.values().any(|listener| listener.address.port() == port) {
                return port;
            }
        }
    }
}

/// The end of a connection that a socket is.
const fn side_of(fd: RawFd) -> Side {
    if fd & 1 == 0 { Side::Client } else { Side::Server }
}

/// Where code is that has not said on which host it runs.
fn loopback(other: IpAddr) -> IpAddr {
    match other {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

/// Who connects to no address in particular means himself, on Linux.
fn reachable(address: IpAddr) -> IpAddr {
    if address.is_unspecified() { loopback(address) } else { address }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("seed", &self.seed)
            .field("elapsed", &self.elapsed())
            .finish_non_exhaustive()
    }
}
