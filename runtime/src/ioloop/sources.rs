//! What the loop listens to: a slot for each registered descriptor, and who wants to hear of it.

use super::slab::{Key, Slab};
use super::{Core, Events};
use crate::sys::{Event, Interest, Readiness};
use std::collections::HashMap;
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// All registered descriptors of a loop.
pub(super) struct Sources {
    slots: Slab<Source>,
    /// Who waits for a stream, if it is more than one. Beside the slots, because that is rare.
    waiters: Slab<Waiters>,
    /// The descriptors that were given to `add_handler`.
    handled: HashMap<RawFd, Key>,
}

struct Source {
    fd: RawFd,
    listener: Listener,
    readiness: Readiness,
}

enum Listener {
    /// A callback of `add_handler`.
    Handler(Rc<Handler>, Events),
    /// A stream that nobody waits for.
    Idle,
    /// A stream that one waits for.
    Waited(Side, Waker),
    /// A stream, and where its waiters are.
    Crowded(Key),
    /// A connection without a coroutine.
    Parked(Rc<dyn Parking>, u32),
}

/// What `add_handler` was given.
type Handler = dyn Fn(&Core, RawFd, Events);

#[derive(Default)]
struct Waiters {
    reader: Option<Waker>,
    writer: Option<Waker>,
    closed: Option<Waker>,
}

impl Waiters {
    fn side(&mut self, side: Side) -> &mut Option<Waker> {
        match side {
            Side::Read => &mut self.reader,
            Side::Write => &mut self.writer,
            Side::Closed => &mut self.closed,
        }
    }
}

/// Who keeps connections that wait without a coroutine; told when one of them has something to say.
pub(crate) trait Parking {
    /// The connection that was parked as `place` is ready.
    fn unpark(self: Rc<Self>, place: u32);
}

/// Which change of a stream is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Read,
    Write,
    /// The other side hung up, whatever there may be left to read.
    Closed,
}

impl Side {
    const fn readiness(self) -> Readiness {
        match self {
            // An error makes a read or a write return at once, with the error.
            Self::Read => Readiness::READ.union(Readiness::READ_CLOSED).union(Readiness::ERROR),
            Self::Write => Readiness::WRITE.union(Readiness::ERROR),
            Self::Closed => Readiness::READ_CLOSED.union(Readiness::ERROR),
        }
    }
}

impl Sources {
    pub(super) fn new() -> Self {
        Self { slots: Slab::new(), waiters: Slab::new(), handled: HashMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}

/// A descriptor's registration with the loop; dropping it withdraws it. Drop it before the descriptor is closed.
pub(crate) struct Registration {
    core: Rc<Core>,
    key: Key,
}

impl Registration {
    /// Registers a descriptor for what it is used for. It counts as writable until a write says otherwise.
    ///
    /// # Errors
    ///
    /// The system's: the descriptor cannot be waited for (a regular file), is registered already, or too many are.
    pub(crate) fn new(core: &Rc<Core>, fd: RawFd, interest: Interest) -> io::Result<Self> {
        let source = Source { fd, listener: Listener::Idle, readiness: Readiness::WRITE };
        let key = core.sources.borrow_mut().slots.insert(source);
        let registration = Self { core: core.clone(), key };
        core.backend.borrow_mut().register(fd, key.to_bits(), interest)?;
        Ok(registration)
    }

    /// Takes up again what [`park`](Self::park) laid down.
    pub(crate) fn unparked(core: &Rc<Core>, key: Key) -> Self {
        Self { core: core.clone(), key }
    }

    /// Lays the registration down with `owner`, who hears when there is something to read; at once, if there is already.
    pub(crate) fn park(mut self, owner: Rc<dyn Parking>, place: u32) -> Key {
        // The slot outlives this value.
        let key = std::mem::replace(&mut self.key, Key::NOWHERE);
        let mut sources = self.core.sources.borrow_mut();
        let Some(source) = sources.slots.get_mut(key) else { return key };
        let listener = if source.readiness.intersects(Side::Read.readiness()) {
            self.core.push(move |_| owner.unpark(place));
            Listener::Idle
        } else {
            Listener::Parked(owner, place)
        };
        let former = std::mem::replace(&mut source.listener, listener);
        let waiters = match former {
            Listener::Crowded(waiters) => sources.waiters.remove(waiters),
            _ => None,
        };
        drop(sources);
        drop((former, waiters));
        key
    }

    /// Whether `side` has changed since [`clear`](Self::clear).
    pub(crate) fn is_ready(&self, side: Side) -> bool {
        let sources = self.core.sources.borrow();
        sources
            .slots
            .get(self.key)
            .is_none_or(|source| source.readiness.intersects(side.readiness()))
    }

    /// Ready if `side` has changed since [`clear`](Self::clear); else wakes `cx` when it does.
    pub(crate) fn poll(&self, side: Side, cx: &mut Context<'_>) -> Poll<()> {
        let mut sources = self.core.sources.borrow_mut();
        let Sources { slots, waiters, .. } = &mut *sources;
        let Some(source) = slots.get_mut(self.key) else { return Poll::Ready(()) };
        if source.readiness.intersects(side.readiness()) {
            return Poll::Ready(());
        }
        let waker = cx.waker();
        let old = match &mut source.listener {
            Listener::Waited(same, current) if *same == side => {
                if current.will_wake(waker) {
                    return Poll::Pending;
                }
                Some(std::mem::replace(current, waker.clone()))
            }
            Listener::Crowded(key) => match waiters.get_mut(*key) {
                Some(waiters) => waiters.side(side).replace(waker.clone()),
                None => None,
            },
            listener => match std::mem::replace(listener, Listener::Waited(side, waker.clone())) {
                Listener::Waited(other, current) => {
                    let mut crowd = Waiters::default();
                    *crowd.side(other) = Some(current);
                    *crowd.side(side) = Some(waker.clone());
                    *listener = Listener::Crowded(waiters.insert(crowd));
                    None
                }
                _ => None,
            },
        };
        drop(sources);
        drop(old);
        Poll::Pending
    }

    /// Notes that `side` is not ready any more, as an operation that blocked or came back short has shown. That the other side
    /// hung up stays known.
    pub(crate) fn clear(&self, side: Side) {
        if let Some(source) = self.core.sources.borrow_mut().slots.get_mut(self.key) {
            source.readiness = source.readiness.without(match side {
                Side::Read | Side::Closed => Readiness::READ,
                Side::Write => Readiness::WRITE,
            });
        }
    }

    /// Wakes everybody who waits, because the descriptor is about to be closed.
    pub(crate) fn wake_all(&self) {
        let woken = {
            let mut sources = self.core.sources.borrow_mut();
            let Sources { slots, waiters, .. } = &mut *sources;
            let Some(source) = slots.get_mut(self.key) else { return };
            source.take_waiters(waiters, |_| true)
        };
        woken.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Source {
    /// Takes those out who wait for a side of which `changed` says so.
    fn take_waiters(
        &mut self,
        waiters: &mut Slab<Waiters>,
        changed: impl Fn(Side) -> bool,
    ) -> [Option<Waker>; 3] {
        match &mut self.listener {
            Listener::Waited(side, _) if changed(*side) => {
                match std::mem::replace(&mut self.listener, Listener::Idle) {
                    Listener::Waited(_, waker) => [Some(waker), None, None],
                    _ => Default::default(),
                }
            }
            Listener::Crowded(key) => match waiters.get_mut(*key) {
                Some(waiters) => [Side::Read, Side::Write, Side::Closed]
                    .map(|side| changed(side).then(|| waiters.side(side).take()).flatten()),
                None => Default::default(),
            },
            _ => Default::default(),
        }
    }
}

impl Drop for Registration {
    /// Frees the slot. The system forgets a descriptor when it is closed, which saves a call; events that it reports until
    /// then carry a key that finds nothing.
    fn drop(&mut self) {
        if self.key != Key::NOWHERE {
            self.core.remove_source(self.key);
        }
    }
}

/// A descriptor that a loop listens to.
#[derive(Debug)]
pub(crate) struct SourceDump {
    what: &'static str,
    description: String,
}

impl std::fmt::Display for SourceDump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.what, self.description)
    }
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Registration").field(&self.key).finish()
    }
}

impl Core {
    pub(super) fn add_handler(
        &self,
        fd: RawFd,
        callback: Rc<Handler>,
        events: Events,
    ) -> io::Result<()> {
        let mut sources = self.sources.borrow_mut();
        if sources.handled.contains_key(&fd) {
            let text = format!("fd {fd} was added twice");
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        let source = Source {
            fd,
            listener: Listener::Handler(callback, events),
            readiness: Readiness::default(),
        };
        let key = sources.slots.insert(source);
        if let Some(interest) = events.interest()
            && let Err(error) = self.backend.borrow_mut().register(fd, key.to_bits(), interest)
        {
            let source = sources.slots.remove(key);
            drop(sources);
            drop(source);
            return Err(error);
        }
        sources.handled.insert(fd, key);
        Ok(())
    }

    pub(super) fn update_handler(&self, fd: RawFd, events: Events) -> io::Result<()> {
        let mut sources = self.sources.borrow_mut();
        let key = sources.handled.get(&fd).copied();
        let Some((key, source)) = key.and_then(|key| Some((key, sources.slots.get_mut(key)?)))
        else {
            let text = format!("fd {fd} has no handler");
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        };
        let Listener::Handler(_, current) = &mut source.listener else { return Ok(()) };
        let before = std::mem::replace(current, events).interest();
        let mut backend = self.backend.borrow_mut();
        match (before, events.interest()) {
            (None, None) => Ok(()),
            (None, Some(interest)) => backend.register(fd, key.to_bits(), interest),
            (Some(_), Some(interest)) => backend.rearm(fd, key.to_bits(), interest),
            (Some(_), None) => backend.deregister(fd),
        }
    }

    pub(super) fn remove_handler(&self, fd: RawFd) {
        let source = {
            let mut sources = self.sources.borrow_mut();
            let Some(key) = sources.handled.remove(&fd) else { return };
            sources.slots.remove(key)
        };
        if let Some(Source { listener: Listener::Handler(_, events), .. }) = &source
            && events.interest().is_some()
        {
            // Fails only for a descriptor that is closed already, which the system has then forgotten by itself.
            let _ = self.backend.borrow_mut().deregister(fd);
        }
    }

    /// Tells whoever listens to a source what has happened to it.
    pub(super) fn dispatch(self: &Rc<Self>, event: Event) {
        let key = Key::from_bits(event.key);
        let mut sources = self.sources.borrow_mut();
        let Sources { slots, waiters, .. } = &mut *sources;
        let Some(source) = slots.get_mut(key) else { return };
        source.readiness = source.readiness.union(event.readiness);
        match &source.listener {
            Listener::Idle => {}
            Listener::Waited(..) | Listener::Crowded(_) => {
                let woken = source
                    .take_waiters(waiters, |side| event.readiness.intersects(side.readiness()));
                drop(sources);
                woken.into_iter().flatten().for_each(Waker::wake);
            }
            Listener::Parked(owner, place) => {
                if event.readiness.intersects(Side::Read.readiness()) {
                    let (owner, place) = (owner.clone(), *place);
                    source.listener = Listener::Idle;
                    drop(sources);
                    owner.unpark(place);
                }
            }
            Listener::Handler(callback, _) => {
                let (callback, fd) = (callback.clone(), source.fd);
                drop(sources);
                callback(self, fd, Events::from_readiness(event.readiness));
                self.rearm_handler(key);
            }
        }
    }

    /// A handler hears of what is ready for as long as it is, as in Tornado, although the system reports only changes.
    fn rearm_handler(&self, key: Key) {
        let sources = self.sources.borrow();
        if let Some(source) = sources.slots.get(key)
            && let Listener::Handler(_, events) = &source.listener
            && let Some(interest) = events.interest()
            && let Err(error) = self.backend.borrow_mut().rearm(source.fd, key.to_bits(), interest)
        {
            tracing::error!(target: "gustnado.general", fd = source.fd, %error, "cannot listen to a handler's descriptor any more");
        }
    }

    fn remove_source(&self, key: Key) {
        let removed = {
            let mut sources = self.sources.borrow_mut();
            let source = sources.slots.remove(key);
            let waiters = match source {
                Some(Source { listener: Listener::Crowded(waiters), .. }) => {
                    sources.waiters.remove(waiters)
                }
                _ => None,
            };
            (source, waiters)
        };
        // Outside of the borrow: what a listener owns may have a destructor that uses the loop.
        drop(removed);
    }

    /// Removes a parked connection's slot.
    pub(crate) fn remove_parked(&self, key: Key) {
        self.remove_source(key);
    }

    /// What the loop listens to.
    pub(super) fn list_sources(&self) -> Vec<SourceDump> {
        let sources = self.sources.borrow();
        let keys = sources.slots.keys();
        let listed: Vec<&Source> = keys.iter().filter_map(|key| sources.slots.get(*key)).collect();
        let fds: Vec<RawFd> = listed.iter().map(|source| source.fd).collect();
        let descriptions = self.backend.borrow().describe(&fds);
        let dumps = listed.iter().zip(descriptions).map(|(source, description)| {
            let what = match source.listener {
                Listener::Handler(..) => "a handler for",
                Listener::Idle | Listener::Waited(..) | Listener::Crowded(_) => "open:",
                Listener::Parked(..) => "open, without a request:",
            };
            SourceDump { what, description }
        });
        dumps.collect()
    }

    /// All sources, at the end of the loop.
    pub(super) fn clear_sources(&self) {
        let sources = std::mem::replace(&mut *self.sources.borrow_mut(), Sources::new());
        drop(sources);
    }
}
