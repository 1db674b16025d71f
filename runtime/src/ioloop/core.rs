//! The four steps.

use super::Deadline;
use super::children::{self, Child, Family};
use super::coroutines::Coroutines;
use super::dump::Dump;
use super::executor::Executor;
use super::locals::Slot;
use super::mailbox::{self, Letter, LoopMailbox, Mailbox};
use super::pool::{Pooled, Shared};
use super::slab::{Key, Slab};
use super::sources::Sources;
use super::task::Run;
use super::tested::Tested;
use super::timers::{Action, Timers};
use super::waker::{LoopId, waker};
use super::watchdog::{self, Watch};
use crate::sys::{Backend, Event, Network, Random};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// So many callbacks may run before the loop looks for events again, if others wait to run: the price of a look is shared
/// among them. tokio's event interval is the same.
const CALLBACKS_PER_POLL: u32 = 61;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Core>>> = const { RefCell::new(None) };
}

/// The state of a loop. Everything is borrowed for moments only, and never while foreign code runs.
pub(crate) struct Core {
    pub(super) id: LoopId,
    /// What runs in the next turn, in its order.
    ready: RefCell<VecDeque<Key>>,
    /// The tasks, and whatever else has a waker.
    pub(super) entries: RefCell<Slab<Entry>>,
    pub(super) coroutines: Coroutines,
    timers: RefCell<Timers>,
    pub(super) sources: RefCell<Sources>,
    pub(super) backend: RefCell<Box<dyn Backend>>,
    pub(super) mailbox: Arc<LoopMailbox>,
    /// When the loop was made; its timers count from here.
    epoch: Instant,
    /// The present, in nanoseconds since the epoch; read once after each wait.
    now: Cell<u64>,
    running: Cell<bool>,
    stopping: Cell<bool>,
    pub(super) tested: Tested,
    /// How many callbacks have run since the last wait.
    unpolled: Cell<u32>,
    pub(super) random: RefCell<Random>,
    /// None for the one of the process.
    pub(super) executor: RefCell<Option<Executor>>,
    /// Empty vectors between turns, kept for their memory.
    events: Cell<Vec<Event>>,
    letters: Cell<Vec<Letter>>,
    pub(crate) watch: Arc<Watch>,
}

/// A callback. It is told which loop it runs on.
pub(super) type Call = Box<dyn FnOnce(&Core)>;

/// What came of waking something.
pub(super) enum Woken {
    /// It is queued, or gone.
    Done,
    /// It is a child, and its parent is to be woken, too; when nothing is borrowed, because a parent may be anybody's.
    Parent(Waker),
    /// It is of another loop.
    Elsewhere,
}

/// What a waker can point to.
pub(super) enum Entry {
    Task {
        task: Shared<dyn Run>,
        queued: bool,
    },
    /// The future of `run_sync`, which lives on its caller's stack.
    Root {
        queued: bool,
    },
    /// In memory of its own, so that an entry is small.
    Family(Pooled<Family>),
    Child(Child),
    Call(Call),
    /// Somebody wants to know where the others wait.
    Dump(Box<dyn FnOnce(Dump)>),
}

impl Core {
    pub(super) fn new(mut backend: Box<dyn Backend>) -> io::Result<Rc<Self>> {
        let mailbox = Arc::new(Mailbox::new(backend.notifier()));
        let id = mailbox::open(&mailbox).ok_or_else(|| {
            io::Error::other(format!("there are {} loops already", LoopId::COUNT))
        })?;
        Ok(Rc::new(Self {
            id,
            ready: RefCell::default(),
            entries: RefCell::new(Slab::new()),
            coroutines: Coroutines::new(),
            timers: RefCell::new(Timers::new()),
            sources: RefCell::new(Sources::new()),
            epoch: backend.now(),
            random: RefCell::new(Random::new(backend.seed(), 0)),
            executor: RefCell::default(),
            backend: RefCell::new(backend),
            mailbox,
            now: Cell::new(0),
            running: Cell::new(false),
            stopping: Cell::new(false),
            tested: Tested::default(),
            unpolled: Cell::new(0),
            events: Cell::default(),
            letters: Cell::default(),
            watch: Watch::new(),
        }))
    }

    /// The loop of this thread.
    pub(crate) fn current() -> Option<Rc<Self>> {
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// Wakes `key` of the loop `id`, if that is this thread's.
    #[inline]
    pub(super) fn wake_here(id: LoopId, key: Key) -> Woken {
        let wake = |current: &RefCell<Option<Rc<Self>>>| match &*current.borrow() {
            Some(core) if core.id == id => core.wake(key),
            _ => Woken::Elsewhere,
        };
        // At the thread's end there is no current loop any more.
        CURRENT.try_with(wake).unwrap_or(Woken::Elsewhere)
    }

    /// Makes a loop this thread's, or takes it away; returns the one before.
    pub(super) fn set_current(core: Option<Rc<Self>>) -> Option<Rc<Self>> {
        CURRENT.try_with(|current| current.replace(core)).ok().flatten()
    }

    /// Runs until `stop`, giving `root` a turn whenever its waker asks for it; it says whether it has ended.
    pub(super) fn run(self: &Rc<Self>, root: &mut dyn FnMut(&Waker) -> bool) -> io::Result<()> {
        assert!(!self.running.replace(true), "the loop is running already");
        let _running = Running { core: self, outer: Self::set_current(Some(self.clone())) };
        self.watch.wake_up();
        self.refresh();
        // What is set for who called us is not set for the loop.
        Slot::default().run(|| {
            loop {
                self.read_mailbox();
                self.run_callbacks(root);
                self.run_timeouts();
                if let Err(error) = self.poll() {
                    self.stuck(root);
                    return Err(error);
                }
                if self.stopping.replace(false) {
                    return Ok(());
                }
            }
        })
    }

    pub(super) fn stop(&self) {
        self.stopping.set(true);
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.get()
    }

    /// The network of the simulated world that this loop runs in; a real loop has none.
    pub(crate) fn network(&self) -> Option<Rc<Network>> {
        self.backend.borrow().network()
    }

    /// Whether this loop runs in a simulated world, which knows no other threads.
    pub(crate) fn is_simulated(&self) -> bool {
        self.network().is_some()
    }

    /// Runs `call` in the next turn. For callbacks that cannot panic; others come with their origin.
    pub(crate) fn push(&self, call: impl FnOnce(&Self) + 'static) {
        self.push_entry(Entry::Call(Box::new(call)));
    }

    fn read_mailbox(self: &Rc<Self>) {
        let mut letters = self.letters.take();
        self.mailbox.empty(&mut letters);
        for letter in letters.drain(..) {
            match letter {
                Letter::Wake(key) => {
                    if let Woken::Parent(parent) = self.wake(key) {
                        parent.wake();
                    }
                }
                Letter::Call(call) => drop(self.push_entry(Entry::Call(call))),
            }
        }
        self.letters.set(letters);
    }

    /// Runs what was queued before this turn; what it queues waits for the next one.
    fn run_callbacks(self: &Rc<Self>, root: &mut dyn FnMut(&Waker) -> bool) {
        let count = self.ready.borrow().len();
        self.unpolled.set(self.unpolled.get().saturating_add(count as u32));
        for _ in 0..count {
            let Some(key) = self.ready.borrow_mut().pop_front() else { return };
            self.run_task(key, root);
        }
    }

    fn run_task(self: &Rc<Self>, key: Key, root: &mut dyn FnMut(&Waker) -> bool) {
        let task = match self.entries.borrow_mut().get_mut(key) {
            Some(Entry::Task { task, queued }) => {
                *queued = false;
                Some(task.clone())
            }
            Some(Entry::Root { queued }) => {
                *queued = false;
                None
            }
            Some(Entry::Call(_) | Entry::Dump(_)) => None,
            // Cancelled between its waking and now.
            _ => return,
        };
        match task {
            Some(task) => drop(self.turn(key, &task, &waker(self.id, key))),
            None => self.run_other(key, root),
        }
    }

    /// Polls a task; says whether it has ended.
    #[inline]
    pub(super) fn turn(&self, key: Key, task: &Shared<dyn Run>, waker: &Waker) -> bool {
        self.coroutines.switch(key);
        let ended = task.run(&mut Context::from_waker(waker));
        self.coroutines.switch(Key::NOWHERE);
        self.watch.ended(|blocked| blocked.by("task", task.name(), task.place()));
        if ended {
            self.remove_task(key, || task.has_returned());
            if task.is_unique() {
                task.discard();
            }
        }
        ended
    }

    /// Polls the future of `run_sync`; says whether it has ended.
    pub(super) fn turn_of_root(
        &self,
        key: Key,
        root: &mut dyn FnMut(&Waker) -> bool,
        waker: &Waker,
    ) -> bool {
        self.coroutines.switch(key);
        let ended = root(waker);
        self.coroutines.switch(Key::NOWHERE);
        ended
    }

    /// Runs what is no task, and rare.
    fn run_other(self: &Rc<Self>, key: Key, root: &mut dyn FnMut(&Waker) -> bool) {
        if matches!(self.entries.borrow().get(key), Some(Entry::Root { .. })) {
            self.turn_of_root(key, root, &waker(self.id, key));
            return;
        }
        let entry = self.entries.borrow_mut().remove(key);
        match entry {
            Some(Entry::Call(call)) => call(self),
            Some(Entry::Dump(tell)) => tell(self.probe(root)),
            _ => {}
        }
    }

    /// Gives a task a turn in the next round of callbacks.
    pub(crate) fn wake_task(&self, key: Key) {
        let _ = self.wake(key);
    }

    /// Gives a task a turn within the present one, for who tells it of an event: while everything about it is at hand.
    pub(crate) fn run_now(self: &Rc<Self>, key: Key) {
        // One that is queued keeps its place: run out of turn, it could queue itself again, and have two turns in each round.
        let waits = match self.entries.borrow().get(key) {
            Some(Entry::Task { queued, .. }) => !queued,
            _ => false,
        };
        if waits {
            self.run_task(key, &mut |_| false);
        }
    }

    fn run_timeouts(self: &Rc<Self>) {
        let count = {
            let mut timers = self.timers.borrow_mut();
            if timers.len() == 0 {
                return;
            }
            timers.expire(self.now.get());
            timers.due()
        };
        for _ in 0..count {
            let action = self.timers.borrow_mut().pop_due();
            match action {
                Some(Action::Wake(waker)) => waker.wake(),
                Some(Action::Call(call)) => call(self),
                None => return,
            }
        }
    }

    /// Waits for events, as long as nothing else is to do, and tells their sources.
    fn poll(self: &Rc<Self>) -> io::Result<()> {
        let busy = self.stopping.get() || !self.ready.borrow().is_empty();
        if busy && self.unpolled.get() < CALLBACKS_PER_POLL {
            return Ok(());
        }
        self.unpolled.set(0);
        let mut timeout = if busy { Some(Duration::ZERO) } else { self.until_next_timeout() };
        let sleeps = timeout != Some(Duration::ZERO);
        if sleeps && !self.mailbox.fall_asleep() {
            timeout = Some(Duration::ZERO);
        }
        if sleeps {
            self.watch.fall_asleep();
        }
        let mut events = self.events.take();
        let waited = self.backend.borrow_mut().wait(timeout, &mut events);
        if sleeps {
            self.mailbox.wake_up();
            self.watch.wake_up();
        }
        self.refresh();
        for event in events.drain(..) {
            self.dispatch(event);
        }
        self.events.set(events);
        waited
    }

    fn until_next_timeout(&self) -> Option<Duration> {
        let next = self.timers.borrow().next()?;
        Some(Duration::from_nanos(next.saturating_sub(self.now.get())))
    }

    /// Reads the clock.
    fn refresh(&self) {
        let now = self.backend.borrow_mut().now();
        self.now.set(self.nanos(now));
    }

    /// The moment at which this turn began; of a loop that does not run, the present.
    pub(crate) fn now(&self) -> Instant {
        self.instant(self.ticks())
    }

    /// The same as a number of nanoseconds since the loop was made, which costs nothing to compare and to keep.
    #[inline]
    pub(crate) fn ticks(&self) -> u64 {
        if !self.running.get() {
            self.refresh();
        }
        self.now.get()
    }

    /// The same as the clock says now, within a turn: for who wants to know how long something has kept the loop busy.
    pub(crate) fn clock(&self) -> u64 {
        let now = self.backend.borrow_mut().now();
        self.nanos(now)
    }

    /// The moment that `ticks` stands for.
    pub(crate) fn instant(&self, ticks: u64) -> Instant {
        self.epoch + Duration::from_nanos(ticks)
    }

    fn nanos(&self, moment: Instant) -> u64 {
        nanos(moment.saturating_duration_since(self.epoch))
    }

    /// When a deadline is, in ticks. A delay counts from the beginning of this turn.
    #[inline]
    pub(crate) fn deadline(&self, deadline: Deadline) -> u64 {
        match deadline {
            Deadline::In(delay) => self.ticks().saturating_add(nanos(delay)),
            Deadline::At(when) => self.nanos(when),
        }
    }

    /// Adds a timeout; its deadline is in ticks.
    #[inline]
    pub(crate) fn add_timeout(&self, deadline: u64, action: Action) -> Key {
        self.timers.borrow_mut().insert(deadline, action)
    }

    /// Takes a timeout back; hands out what it would have done, to be dropped when nothing is borrowed.
    pub(crate) fn remove_timeout(&self, key: Key) -> Option<Action> {
        self.timers.borrow_mut().remove(key)
    }

    /// Ready once a timeout has run; until then, makes it wake `waker`.
    pub(crate) fn poll_timeout(&self, key: Key, waker: &Waker) -> Poll<()> {
        let mut timers = self.timers.borrow_mut();
        let Some(action) = timers.action_mut(key) else { return Poll::Ready(()) };
        if !matches!(action, Action::Wake(current) if current.will_wake(waker)) {
            let old = std::mem::replace(action, Action::Wake(waker.clone()));
            drop(timers);
            drop(old);
        }
        Poll::Pending
    }

    pub(super) fn insert_task(&self, task: Shared<dyn Run>) -> Key {
        self.push_entry(Entry::Task { task, queued: true })
    }

    /// Forgets a task or a root, and what belongs to it; `returned` says whether it came to its end by itself.
    pub(super) fn remove_task(&self, key: Key, returned: impl FnOnce() -> bool) {
        self.coroutines.end(key, returned);
        let entry = self.entries.borrow_mut().remove(key);
        // Outside of the borrow: this may be the last reference to the task's result.
        drop(entry);
    }

    /// Cancels a task, which is forgotten at once unless it is running.
    pub(crate) fn cancel_task(&self, key: Key) {
        let task = match self.entries.borrow().get(key) {
            Some(Entry::Task { task, .. }) => task.clone(),
            _ => return,
        };
        if task.cancel() {
            self.remove_task(key, || false);
        }
    }

    /// A slot for the future of `run_sync`, which is queued to be polled.
    pub(super) fn add_root(&self) -> Key {
        self.push_entry(Entry::Root { queued: true })
    }

    /// Adds an entry that has its turn in the next round of callbacks.
    pub(super) fn push_entry(&self, entry: Entry) -> Key {
        let key = self.entries.borrow_mut().insert(entry);
        self.ready.borrow_mut().push_back(key);
        key
    }

    fn wake(&self, key: Key) -> Woken {
        let mut entries = self.entries.borrow_mut();
        match entries.get_mut(key) {
            Some(Entry::Task { queued, .. } | Entry::Root { queued }) => {
                if std::mem::replace(queued, true) {
                    return Woken::Done;
                }
                self.ready.borrow_mut().push_back(key);
            }
            Some(Entry::Child(Child { family, queued, .. })) if !*queued => {
                *queued = true;
                let family = *family;
                children::link(&mut entries, family, key);
                if let Some(Entry::Family(family)) = entries.at(family) {
                    return Woken::Parent(family.parent.clone());
                }
            }
            _ => {}
        }
        Woken::Done
    }

    /// Drops a callback that will not run.
    fn drop_call(&self, key: Key) {
        let is_call = matches!(self.entries.borrow().get(key), Some(Entry::Call(_)));
        let call = is_call.then(|| self.entries.borrow_mut().remove(key));
        // Outside of the borrow: what it owns may have a destructor that uses the loop.
        drop(call);
    }

    /// Ends everything: tasks are cancelled, timeouts and callbacks dropped, sources forgotten.
    pub(super) fn close(self: &Rc<Self>) {
        mailbox::close(self.id, &self.mailbox);
        watchdog::set_threshold(&self.watch, self.id, None);
        // Destructors may add more of everything; they get a few rounds, and the rest is dropped with the loop.
        for _ in 0..8 {
            let entries = self.entries.borrow().keys();
            let actions = self.timers.borrow_mut().clear();
            let ready = std::mem::take(&mut *self.ready.borrow_mut());
            if entries.is_empty()
                && actions.is_empty()
                && ready.is_empty()
                && self.sources.borrow().len() == 0
            {
                return;
            }
            drop(ready);
            drop(actions);
            for key in entries {
                self.cancel_task(key);
                self.drop_call(key);
            }
            self.clear_sources();
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // Its number, if it was not closed.
        mailbox::close(self.id, &self.mailbox);
        watchdog::set_threshold(&self.watch, self.id, None);
    }
}

/// A duration as a number, which reaches for 584 years.
#[inline]
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Restores what was there before the loop ran.
struct Running<'a> {
    core: &'a Core,
    outer: Option<Rc<Core>>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.core.running.set(false);
        // The coroutine of `run_sync` may have panicked.
        self.core.coroutines.switch(Key::NOWHERE);
        self.core.watch.fall_asleep();
        drop(Core::set_current(self.outer.take()));
    }
}
