//! A world for tests, in which time and the network are invented.
//!
//! `#[gustnado::test(simulated)]` runs a test on the very loop, streams and servers that a program runs on, but over a clock that
//! nobody waits for, and a network in memory. Sleeping for a year costs microseconds; and everything that can happen to a
//! connection happens, because the network is as unkind as TCP allows: data arrives late, in any pieces, through small buffers,
//! and what happens at the same time happens in any order.
//!
//! All of that follows from a number, the *seed*. The test is run with several seeds, each in a world of its own; when it
//! fails, it says with which one, and `GUSTNADO_SEED` runs it with that one again, where it does the same again.
//!
//! ```
//! use gustnado::prelude::*;
//! use gustnado::iostream::IOStream;
//! use gustnado::tcpserver::TCPServer;
//! use gustnado::testing::Simulation;
//! use std::time::Duration;
//!
//! /// Connects, and tries again after a second, two, four, .. until somebody is there.
//! async fn connect(address: std::net::SocketAddr) -> IOStream {
//!     let mut pause = Duration::from_secs(1);
//!     loop {
//!         match IOStream::connect(address).await {
//!             Ok(stream) => return stream,
//!             Err(_) => sleep(pause).await,
//!         }
//!         pause *= 2;
//!     }
//! }
//!
//! # /*
//! #[gustnado::test(simulated, seeds = 20)]
//! # */
//! async fn a_client_survives_a_night_without_its_server() {
//!     let world = Simulation::current();
//!     let server = TCPServer::new(async |stream: IOStream, _| {
//!         stream.write(b"good morning").await.ok();
//!     });
//!     let address = ([10, 0, 0, 2], 80).into();
//!     server.listen(address).unwrap();
//!
//!     world.partition([127, 0, 0, 1], [10, 0, 0, 2]);
//!     let client = spawn(connect(address));
//!     sleep(Duration::from_secs(8 * 60 * 60)).await;
//!     world.heal([127, 0, 0, 1], [10, 0, 0, 2]);
//!
//!     let stream = client.await.unwrap();
//!     assert_eq!(stream.read_until_close().await.unwrap(), b"good morning");
//! }
//! # Simulation::run(7, a_client_survives_a_night_without_its_server).unwrap();
//! ```
//!
//! # What is simulated
//!
//! [`IOStream::connect`](crate::iostream::IOStream::connect), [`bind_socket`](crate::netutil::bind_socket), and whatever is built on
//! them: [`TCPServer`](crate::tcpserver::TCPServer), [`HTTPServer`](crate::http::HTTPServer), and
//! [`Application`](crate::Application). Every address is a host, and all hosts live on the test's loop. Code is on the host
//! `127.0.0.1` (or `::1`, when it speaks to an IPv6 address) unless it says [otherwise](Simulation::on).
//!
//! The time of day (as in a `Date` header), files, signals, real sockets, and other threads are not simulated. A loop in such a
//! world refuses descriptors of the system. Another thread may wake the loop, if it holds a
//! [`Handle`](crate::ioloop::Handle); but when it does so is not the seed's decision.
//!
//! # When a test fails
//!
//! Beside its own panics and errors: when everything waits and nothing can happen any more, which is a
//! [deadlock](Stuck::Deadlock) and is noticed at once; when its limit is over, in the time of its world; and when it takes half
//! a minute of real time. `GUSTNADO_SEED=7` runs only that seed, `GUSTNADO_SEEDS=1000` the first thousand. What the network does
//! is logged through `tracing`, as `gustnado.simulation` at level TRACE.

pub(crate) mod run;

pub use crate::sys::Stuck;

use crate::ioloop::Core;
use crate::sys::Network;
use std::fmt;
use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::os::fd::RawFd;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

/// The simulated world that this code runs in, and what a test can do to it. A cheap handle.
///
/// See the [module](self).
#[derive(Clone)]
pub struct Simulation {
    network: Rc<Network>,
}

impl Simulation {
    /// The world that this code runs in.
    ///
    /// # Panics
    ///
    /// If it does not run in one.
    pub fn current() -> Self {
        match Self::try_current() {
            Some(simulation) => simulation,
            None => {
                panic!("this runs in no simulated world: is it `#[gustnado::test(simulated)]`?")
            }
        }
    }

    /// The world that this code runs in, if it does.
    pub fn try_current() -> Option<Self> {
        Core::current()?.network().map(|network| Self { network })
    }

    /// What everything in this world follows from.
    pub fn seed(&self) -> u64 {
        self.network.seed()
    }

    /// How much time has passed in this world.
    ///
    /// ```
    /// use gustnado::{coroutine::sleep, testing::Simulation};
    /// use std::time::Duration;
    ///
    /// let hour = Duration::from_secs(3600);
    /// let elapsed = Simulation::run(1, async || {
    ///     sleep(hour).await;
    ///     Simulation::current().elapsed()
    /// });
    /// assert_eq!(elapsed, Ok(hour));
    /// ```
    pub fn elapsed(&self) -> Duration {
        self.network.elapsed()
    }
}

/// Random choices of the test. They follow from the seed, and change nothing of what the network does.
impl Simulation {
    /// A number of `range`; its beginning, if it is empty.
    pub fn random(&self, range: RangeInclusive<u64>) -> u64 {
        self.network.draw(|random| random.within(&range))
    }

    /// A duration of `range`, to the nanosecond.
    pub fn random_duration(&self, range: RangeInclusive<Duration>) -> Duration {
        let nanos = |duration: &Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.random(nanos(range.start())..=nanos(range.end())))
    }

    /// `true` with this probability, from 0 to 1.
    pub fn chance(&self, probability: f64) -> bool {
        self.network.draw(|random| random.chance(probability))
    }

    /// One of `items`.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn choose<'a, T>(&self, items: &'a [T]) -> &'a T {
        &items[self.network.draw(|random| random.below(items.len() as u64)) as usize]
    }

    /// Brings `items` into any order.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        self.network.draw(|random| random.shuffle(items));
    }
}

/// The network. What a test does not set is the seed's choice, and differs from world to world.
impl Simulation {
    /// How long packets travel, unless it is said of [a link](Self::delay_between) of its own. Between one microsecond and 20
    /// milliseconds, if the seed decides; packets of one connection arrive in their order, those of several in any.
    pub fn delay(&self, delay: RangeInclusive<Duration>) {
        self.network.delay(None, &delay);
    }

    /// How long packets travel between two hosts.
    pub fn delay_between(
        &self,
        one: impl Into<IpAddr>,
        other: impl Into<IpAddr>,
        delay: RangeInclusive<Duration>,
    ) {
        self.network.delay(Some((one.into(), other.into())), &delay);
    }

    /// In pieces of how many bytes data arrives: `1..=1` is byte by byte. If the seed decides, most writes arrive whole, some cut
    /// anywhere, some crumbled; and some of them come back short.
    pub fn split(&self, sizes: RangeInclusive<usize>) {
        self.network.split(&sizes);
    }

    /// How many bytes a connection that is made from now on holds in each direction, before the reader has to read: between 1
    /// and 256 KiB, if the seed decides.
    pub fn buffers(&self, sizes: RangeInclusive<usize>) {
        self.network.buffers(&sizes);
    }

    /// With which probability a packet with data breaks its connection, from 0, the default, to 1. Both sides are then told
    /// that it was reset.
    pub fn resets(&self, probability: f64) {
        self.network.resets(probability);
    }

    /// Lets nothing through between two hosts, as if a cable was pulled. What is sent meanwhile waits, and arrives some time
    /// after the [healing](Self::heal). Who hears nothing for too long gives up with
    /// [`TimedOut`](std::io::ErrorKind::TimedOut), as on Linux: a new connection after 127 seconds, one that has sent something
    /// after 924.
    pub fn partition(&self, one: impl Into<IpAddr>, other: impl Into<IpAddr>) {
        self.network.cut(one.into(), other.into(), true);
    }

    /// Ends what [`partition`](Self::partition) began.
    pub fn heal(&self, one: impl Into<IpAddr>, other: impl Into<IpAddr>) {
        self.network.cut(one.into(), other.into(), false);
    }

    /// Refuses new connections to an address, although somebody listens there; [`admit`](Self::admit) ends that.
    pub fn refuse(&self, address: SocketAddr) {
        self.network.refuse(address, true);
    }

    /// Ends what [`refuse`](Self::refuse) began.
    pub fn admit(&self, address: SocketAddr) {
        self.network.refuse(address, false);
    }

    /// All connections of which a program holds an end, the oldest first.
    pub fn connections(&self) -> Vec<Connection> {
        let found = self.network.connections().into_iter();
        let connection = |(number, client, server)| {
            let network = self.network.clone();
            Connection { network, number, client, server }
        };
        found.map(connection).collect()
    }

    /// How many sockets are open, connected or listening: none, at the end of a test that leaves nothing behind.
    pub fn sockets(&self) -> usize {
        self.network.sockets()
    }

    /// Runs `future` on `host`: connections that it makes by itself come from there. What it spawns is not on that host.
    ///
    /// ```
    /// # use gustnado::{iostream::IOStream, tcpserver::TCPServer, testing::Simulation};
    /// # Simulation::run(1, async || {
    /// let server = TCPServer::new(async |stream: IOStream, client: std::net::SocketAddr| {
    ///     stream.write(client.ip().to_string().as_bytes()).await.ok();
    /// });
    /// let address = server.listen(([10, 0, 0, 1], 0).into()).unwrap();
    /// let connecting = IOStream::connect(address);
    /// let stream = Simulation::current().on([10, 0, 0, 2], connecting).await.unwrap();
    /// assert_eq!(stream.read_until_close().await.unwrap(), b"10.0.0.2");
    /// # }).unwrap();
    /// ```
    pub async fn on<F: Future>(&self, host: impl Into<IpAddr>, future: F) -> F::Output {
        let host = host.into();
        let mut future = pin!(future);
        poll_fn(|cx| {
            let _there =
                There { network: &self.network, before: self.network.set_host(Some(host)) };
            future.as_mut().poll(cx)
        })
        .await
    }
}

/// Is on a host until it is dropped.
struct There<'a> {
    network: &'a Network,
    before: Option<IpAddr>,
}

impl Drop for There<'_> {
    fn drop(&mut self) {
        self.network.set_host(self.before);
    }
}

/// A connection of a simulated network; see [`Simulation::connections`].
#[derive(Clone)]
pub struct Connection {
    network: Rc<Network>,
    number: RawFd,
    client: SocketAddr,
    server: SocketAddr,
}

impl Connection {
    /// The address of who has made the connection.
    pub fn client(&self) -> SocketAddr {
        self.client
    }

    /// The address that it was made to.
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// Breaks the connection: both sides are told that it was [reset](std::io::ErrorKind::ConnectionReset), and what is on its way
    /// is lost. Does nothing if it is over.
    pub fn reset(&self) {
        self.network.reset(self.number);
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("seed", &self.seed())
            .field("elapsed", &self.elapsed())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("client", &self.client)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
