//! The threads of an executor, and the line of jobs that wait for one.

use super::super::Core;
use super::job::Work;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

const KEEP_ALIVE: Duration = Duration::from_secs(10);

pub(super) struct Threads {
    most: usize,
    state: Mutex<State>,
    /// Rings for threads that have nothing to do.
    bell: Condvar,
}

struct State {
    /// By ticket, so that one that is cancelled leaves the line at once.
    line: BTreeMap<u64, Arc<dyn Work>>,
    next_ticket: u64,
    threads: usize,
    /// How many of them wait for the bell, or have heard it and not come yet.
    idle: usize,
    /// How many jobs are being done.
    busy: usize,
    keep_alive: Duration,
    ending: bool,
    /// Who waits for the last job.
    waiting: Vec<Waker>,
}

impl Threads {
    pub(super) fn new(most: usize) -> Self {
        let state = State {
            line: BTreeMap::new(),
            next_ticket: 0,
            threads: 0,
            idle: 0,
            busy: 0,
            keep_alive: KEEP_ALIVE,
            ending: false,
            waiting: Vec::new(),
        };
        Self { most, state: Mutex::new(state), bell: Condvar::new() }
    }

    pub(super) fn set_keep_alive(&self, idle: Duration) {
        self.state().keep_alive = idle;
    }

    /// Puts a job into the line; returns its ticket, or none if it was refused. In the simulated world of a loop it is done by that
    /// loop, in a later turn.
    pub(super) fn add(
        self: &Arc<Self>,
        job: Arc<dyn Work>,
        simulated: Option<&Core>,
    ) -> Option<u64> {
        let mut state = self.state();
        if state.ending {
            drop(state);
            job.refuse();
            return None;
        }
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.line.insert(ticket, job);
        if let Some(core) = simulated {
            let threads = self.clone();
            core.push(move |_| threads.run_next());
            return Some(ticket);
        }
        let is_short = state.line.len() > state.idle && state.threads < self.most;
        if is_short {
            state.threads += 1;
        }
        drop(state);
        if is_short {
            self.start();
        } else {
            self.bell.notify_one();
        }
        Some(ticket)
    }

    /// Takes a job out of the line, if it has not begun.
    pub(super) fn remove(&self, ticket: u64) {
        let mut state = self.state();
        let job = state.line.remove(&ticket);
        let waiting = state.if_finished();
        drop(state);
        drop(job);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Takes no more jobs; the threads end with the last one.
    pub(super) fn end(&self) {
        self.state().ending = true;
        self.bell.notify_all();
    }

    /// Ready when there is nothing to do.
    pub(super) fn poll_finished(&self, waker: &Waker) -> Poll<()> {
        let mut state = self.state();
        if state.is_finished() {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|other| other.will_wake(waker)) {
            state.waiting.push(waker.clone());
        }
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a thread, which is counted already.
    fn start(self: &Arc<Self>) {
        let threads = self.clone();
        let builder = thread::Builder::new().name("gustnado-executor".to_owned());
        if let Err(error) = builder.spawn(move || threads.work()) {
            self.cannot_start(&error);
        }
    }

    /// If there are others, they will do it. Otherwise nobody would.
    #[cold]
    fn cannot_start(&self, error: &io::Error) {
        tracing::error!(target: "gustnado.general", %error, "cannot start a thread of an executor");
        let mut state = self.state();
        state.threads -= 1;
        let stranded =
            if state.threads == 0 { std::mem::take(&mut state.line) } else { BTreeMap::new() };
        drop(state);
        stranded.into_values().for_each(|job| job.refuse());
    }

    /// The life of a thread.
    fn work(&self) {
        let mut state = self.state();
        loop {
            if let Some(job) = state.begin() {
                drop(state);
                self.run(&*job);
                drop(job);
                state = self.state();
                continue;
            }
            if state.ending {
                break;
            }
            state.idle += 1;
            let keep_alive = state.keep_alive;
            let waited = self.bell.wait_timeout(state, keep_alive);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && state.line.is_empty() {
                break;
            }
        }
        state.threads -= 1;
    }

    /// Does the next job, if it was not cancelled.
    fn run_next(&self) {
        let job = self.state().begin();
        if let Some(job) = job {
            self.run(&*job);
        }
    }

    /// Does a job that has begun.
    fn run(&self, job: &dyn Work) {
        job.run();
        let mut state = self.state();
        state.busy -= 1;
        let waiting = state.if_finished();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl State {
    /// Takes the next job, and counts it as busy.
    fn begin(&mut self) -> Option<Arc<dyn Work>> {
        let (_, job) = self.line.pop_first()?;
        self.busy += 1;
        Some(job)
    }

    fn is_finished(&self) -> bool {
        self.busy == 0 && self.line.is_empty()
    }

    /// Who is to be woken, without the lock, if everything is done.
    fn if_finished(&mut self) -> Vec<Waker> {
        if self.is_finished() { std::mem::take(&mut self.waiting) } else { Vec::new() }
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Executor")
            .field("most", &self.most)
            .field("threads", &state.threads)
            .field("idle", &state.idle)
            .field("busy", &state.busy)
            .field("waiting", &state.line.len())
            .finish()
    }
}
