//! Connections, and who may have one.
//!
//! A fetch first takes a slot, of its origin and of the client, in the order of coming; with it, it may use one connection: one that
//! rests here, else a new one. A connection that rests is a registered event, as it is in the server: no task, no buffer, no
//! timer. If it has anything to say, it is closed, because nobody has asked.

use super::connection::Connection;
use super::cookies::Jar;
use super::record::{Options, Record};
use super::route::Proxies;
#[cfg(feature = "tls")]
use super::secure::Usual;
use crate::coroutine::sleep;
use crate::http::Limits;
use crate::ioloop::{Core, JoinHandle, Key, Parking, Slab, spawn};
use crate::iostream::{IOStream, Parked};
use crate::locks::Semaphore;
use crate::netutil::Resolver;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

/// What the fetches of a client share.
pub(super) struct Shared {
    pub(super) core: Rc<Core>,
    pub(super) user_agent: String,
    pub(super) limits: Limits,
    pub(super) options: Options,
    pub(super) resolver: Rc<dyn Resolver>,
    pub(super) proxies: Proxies,
    #[cfg(feature = "tls")]
    pub(super) secure: Usual,
    /// None if cookies are not kept.
    pub(super) jar: Option<RefCell<Jar>>,
    /// Where requests are written, one at a time.
    pub(super) out: RefCell<Vec<u8>>,
    pub(super) sizes: Sizes,
    /// So many fetches may be under way.
    clients: Semaphore,
    origins: RefCell<HashMap<Box<str>, Rc<Origin>>>,
    /// Streams that are not linked, for their memory.
    streams: RefCell<Vec<IOStream>>,
    idle: RefCell<IdleList>,
    sweeper: Cell<Option<JoinHandle<()>>>,
    closed: Cell<bool>,
}

/// What a client was told beforehand.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) user_agent: String,
    pub(super) limits: Limits,
    pub(super) options: Options,
    pub(super) sizes: Sizes,
    pub(super) proxies: Proxies,
    #[cfg(feature = "tls")]
    pub(super) secure: Usual,
    pub(super) keeps_cookies: bool,
}

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) max_clients: usize,
    pub(super) max_clients_per_origin: usize,
    pub(super) max_idle: usize,
    pub(super) idle_timeout: Duration,
}

/// Where requests go: a scheme, a host and a port, and the way there.
pub(super) struct Origin {
    slots: Semaphore,
    /// Connections that rest, the one that was used last at the end; it is the least likely to have been closed meanwhile.
    idle: RefCell<Vec<Key>>,
}

/// The right to use one connection to an origin.
pub(super) struct Slot {
    client: Rc<Shared>,
    origin: Rc<Origin>,
}

/// A connection that rests.
struct Idle {
    parked: Parked,
    origin: Rc<Origin>,
    /// In the loop's ticks.
    deadline: u64,
    before: Key,
    after: Key,
}

/// All connections that rest, the one that has rested longest first.
struct IdleList {
    slab: Slab<Idle>,
    first: Key,
    last: Key,
}

/// So many streams are kept for later.
const STREAMS: usize = 64;

impl Shared {
    pub(super) fn new(core: Rc<Core>, settings: Settings, resolver: Rc<dyn Resolver>) -> Self {
        let Settings { user_agent, limits, options, sizes, proxies, keeps_cookies, .. } = settings;
        Self {
            core,
            user_agent,
            limits,
            options,
            resolver,
            proxies,
            #[cfg(feature = "tls")]
            secure: settings.secure,
            jar: keeps_cookies.then(RefCell::default),
            out: RefCell::default(),
            clients: Semaphore::new(sizes.max_clients),
            sizes,
            origins: RefCell::default(),
            streams: RefCell::default(),
            idle: RefCell::new(IdleList::new()),
            sweeper: Cell::new(None),
            closed: Cell::new(false),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Closes the connections that rest, and keeps no more.
    pub(super) fn close(&self) {
        self.closed.set(true);
        if let Some(sweeper) = self.sweeper.take() {
            sweeper.cancel();
        }
        while self.discard_first() {}
        self.origins.take();
    }

    /// Where a request goes.
    pub(super) fn origin(&self, record: &Record) -> Rc<Origin> {
        let key = record.key(&self.proxies);
        let mut origins = self.origins.borrow_mut();
        if let Some(origin) = origins.get(&*key) {
            return origin.clone();
        }
        let slots = Semaphore::new(self.sizes.max_clients_per_origin);
        let origin = Rc::new(Origin { slots, idle: RefCell::default() });
        origins.insert(key.into(), origin.clone());
        origin
    }

    /// How many connections rest.
    pub(super) fn idle(&self) -> usize {
        self.idle.borrow().slab.len()
    }

    /// Closes the connection that has rested longest, if there is one.
    fn discard_first(&self) -> bool {
        let first = self.idle.borrow().first;
        self.discard(first)
    }

    /// Closes a connection that rests, if it still does.
    fn discard(&self, key: Key) -> bool {
        let removed = self.idle.borrow_mut().remove(key);
        let Some(idle) = removed else { return false };
        idle.origin.idle.borrow_mut().retain(|other| *other != key);
        self.core.remove_parked(idle.parked.source);
        true
    }

    fn take_idle(&self, origin: &Origin) -> Option<IOStream> {
        let key = origin.idle.borrow_mut().pop()?;
        let Idle { parked, .. } = self.idle.borrow_mut().remove(key)?;
        Some(self.link(parked))
    }

    fn link(&self, parked: Parked) -> IOStream {
        let stream = self.streams.borrow_mut().pop().unwrap_or_else(IOStream::unlinked);
        stream.link(&self.core, parked);
        stream
    }

    /// Lays a connection down until somebody needs it.
    fn rest(self: &Rc<Self>, stream: IOStream, origin: &Rc<Origin>) {
        if self.is_closed() || self.sizes.max_idle == 0 {
            return;
        }
        if self.idle() >= self.sizes.max_idle {
            self.discard_first();
        }
        let deadline = self.core.deadline(self.sizes.idle_timeout.into());
        let mut list = self.idle.borrow_mut();
        let key = list.slab.next_key();
        let Some(parked) = stream.park(self.clone(), key.index) else { return };
        list.push(parked, origin.clone(), deadline);
        drop(list);
        origin.idle.borrow_mut().push(key);
        let mut streams = self.streams.borrow_mut();
        if streams.len() < STREAMS && stream.is_reusable() {
            streams.push(stream);
        }
        drop(streams);
        self.sweep();
    }

    /// Sees to it that connections do not rest for ever.
    #[inline]
    fn sweep(self: &Rc<Self>) {
        let sweeper = self.sweeper.take();
        let works = sweeper.as_ref().is_some_and(|sweeper| !sweeper.is_finished());
        self.sweeper.set(match works {
            true => sweeper,
            false => Some(spawn(sweep(Rc::downgrade(self), self.sizes.idle_timeout))),
        });
    }
}

/// Closes connections that have rested too long, and forgets origins that nobody asks; it looks now and then, so that none needs a
/// timer of its own.
async fn sweep(client: Weak<Shared>, timeout: Duration) {
    let pause = (timeout / 4).clamp(Duration::from_millis(10), Duration::from_secs(1));
    loop {
        sleep(pause).await;
        let Some(client) = client.upgrade() else { return };
        let now = client.core.ticks();
        while client.idle.borrow().oldest().is_some_and(|deadline| deadline <= now) {
            client.discard_first();
        }
        client
            .origins
            .borrow_mut()
            .retain(|_, origin| Rc::strong_count(origin) > 1 || !origin.idle.borrow().is_empty());
        if client.idle() == 0 {
            return;
        }
    }
}

impl Parking for Shared {
    /// The server has closed a connection that rested, or says what nobody has asked for.
    fn unpark(self: Rc<Self>, place: u32) {
        let removed = self.idle.borrow_mut().remove_at(place);
        let Some((key, Idle { parked, origin, .. })) = removed else { return };
        origin.idle.borrow_mut().retain(|other| *other != key);
        let mut connection = Connection::new(self.link(parked), true);
        // What the loop has heard may be of bytes that were read already.
        if connection.is_clean() {
            self.rest(connection.stream, &origin);
        }
    }
}

impl Slot {
    /// A slot, if nobody has to wait for one.
    pub(super) fn vacant(client: &Rc<Shared>, origin: &Rc<Origin>) -> Option<Self> {
        let permit = origin.slots.try_acquire()?;
        client.clients.try_acquire()?.forget();
        permit.forget();
        Some(Self { client: client.clone(), origin: origin.clone() })
    }

    /// Waits for a slot. The origin's comes first: who waits for a busy origin must not keep others from theirs.
    pub(super) async fn queue(client: Rc<Shared>, origin: Rc<Origin>) -> Self {
        let permit = origin.slots.acquire().await;
        client.clients.acquire().await.forget();
        permit.forget();
        Self { client, origin }
    }

    /// Whether it lets a fetch ask this origin.
    pub(super) fn is_for(&self, origin: &Rc<Origin>) -> bool {
        Rc::ptr_eq(&self.origin, origin)
    }

    /// A connection that rests.
    pub(super) fn kept(&self) -> Option<Connection> {
        self.client.take_idle(&self.origin).map(|stream| Connection::new(stream, true))
    }

    /// Keeps a connection for the next fetch, if nothing is under way on it.
    pub(super) fn keep(&self, mut connection: Connection) {
        if connection.is_clean() {
            self.client.rest(connection.stream, &self.origin);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.client.clients.release();
        self.origin.slots.release();
    }
}

impl IdleList {
    const fn new() -> Self {
        Self { slab: Slab::new(), first: Key::NOWHERE, last: Key::NOWHERE }
    }

    /// The deadline of the one that has rested longest.
    fn oldest(&self) -> Option<u64> {
        self.slab.get(self.first).map(|idle| idle.deadline)
    }

    fn push(&mut self, parked: Parked, origin: Rc<Origin>, deadline: u64) {
        let (before, after) = (self.last, Key::NOWHERE);
        let key = self.slab.insert(Idle { parked, origin, deadline, before, after });
        match self.slab.get_mut(before) {
            Some(last) => last.after = key,
            None => self.first = key,
        }
        self.last = key;
    }

    fn remove(&mut self, key: Key) -> Option<Idle> {
        let idle = self.slab.remove(key)?;
        match self.slab.get_mut(idle.before) {
            Some(before) => before.after = idle.after,
            None => self.first = idle.after,
        }
        match self.slab.get_mut(idle.after) {
            Some(after) => after.before = idle.before,
            None => self.last = idle.before,
        }
        Some(idle)
    }

    /// Removes whatever is at `place`.
    fn remove_at(&mut self, place: u32) -> Option<(Key, Idle)> {
        let key = self.slab.key_at(place)?;
        Some((key, self.remove(key)?))
    }
}
