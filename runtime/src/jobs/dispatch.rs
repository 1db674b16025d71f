//! Who runs when, and that nobody gets lost.

use super::work::Entry;
use super::{Cause, Failure, Figures, Retry};
use crate::coroutine::Outcome;
use crate::ioloop::{self, JoinHandle, Key, Slab, spawn};
use crate::locks::{Event, Semaphore};
use std::any::type_name_of_val;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

const CONCURRENCY: usize = 10;
const CAPACITY: usize = 1000;

type Hook = Box<dyn Fn(&Failure)>;

/// A queue of jobs.
pub(super) struct Shared {
    pub(super) name: Cow<'static, str>,
    pub(super) concurrency: usize,
    pub(super) retry: Retry,
    pub(super) timeout: Option<Duration>,
    pub(super) on_failure: Option<Hook>,
    /// One for each job that may be there; and one more, which nobody keeps, once it is closed.
    pub(super) places: Semaphore,
    /// Set when nothing more is accepted.
    pub(super) closed: Event,
    /// Set while there is no job.
    pub(super) finished: Event,
    next_id: Cell<u64>,
    line: RefCell<VecDeque<Entry>>,
    /// Of the jobs that run or pause.
    tasks: RefCell<Slab<JoinHandle<()>>>,
    /// The line knows for itself how long it is.
    figures: Cell<Figures>,
}

impl Shared {
    pub(super) fn new(name: Cow<'static, str>) -> Self {
        let finished = Event::new();
        finished.set();
        Self {
            name,
            concurrency: CONCURRENCY,
            retry: Retry::never(),
            timeout: None,
            on_failure: None,
            places: Semaphore::new(CAPACITY),
            closed: Event::new(),
            finished,
            next_id: Cell::new(1),
            line: RefCell::default(),
            tasks: RefCell::new(Slab::new()),
            figures: Cell::default(),
        }
    }

    pub(super) fn figures(&self) -> Figures {
        Figures { queued: self.line.borrow().len(), ..self.figures.get() }
    }

    /// Takes a job, for which a permit of the places was forgotten.
    pub(super) fn accept<F, O>(self: &Rc<Self>, place: &'static Location<'static>, job: F) -> u64
    where
        F: AsyncFnMut() -> O + 'static,
        O: Outcome,
    {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        self.finished.clear();
        self.line.borrow_mut().push_back(Entry::new(id, place, job));
        self.dispatch();
        id
    }

    /// Accepts nothing more.
    pub(super) fn close(&self) {
        if !self.closed.is_set() {
            self.closed.set();
            // Who waits for a place gets this one in turn, finds that it is too late, and hands it on.
            self.places.release();
        }
    }

    /// Ends the jobs that are left.
    pub(super) fn interrupt(&self) {
        for entry in self.line.take() {
            self.report(&entry, Cause::Interrupted);
            self.end();
        }
        let tasks = self.tasks.replace(Slab::new());
        tasks.into_values().for_each(|task| task.cancel());
    }

    /// Starts as many jobs as may run.
    fn dispatch(self: &Rc<Self>) {
        while self.figures.get().running < self.concurrency {
            let Some(entry) = self.line.borrow_mut().pop_front() else { return };
            self.count(|figures| figures.running += 1);
            let (shared, locals) = (self.clone(), entry.locals.clone());
            self.tasks.borrow_mut().insert_with(|task| {
                let fate = Fate::Interrupted;
                let custody = Custody { shared, task, entry: Some(entry), is_pausing: false, fate };
                locals.run(|| spawn(run(custody)))
            });
        }
    }

    /// A job has ended; its place is another's.
    fn end(&self) {
        self.places.release();
        let Figures { queued: 0, running: 0, pausing: 0, .. } = self.figures() else { return };
        self.finished.set();
    }

    /// Tells that a job has failed for good.
    fn report(&self, entry: &Entry, cause: Cause) {
        self.count(|figures| figures.failed += 1);
        let failure = Failure::new(self.name.clone(), entry, cause);
        let (jobs, job) = (&*self.name, entry.id);
        tracing::error!(target: "gustnado.application", jobs, job, "{failure}");
        let Some(hook) = &self.on_failure else { return };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| hook(&failure))) {
            let name = type_name_of_val(&**hook);
            ioloop::report(&ioloop::Failure::of_panic("callback", name, entry.place, &*payload));
        }
    }

    fn count(&self, change: impl FnOnce(&mut Figures)) {
        let mut figures = self.figures.get();
        change(&mut figures);
        self.figures.set(figures);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The loop was closed, and those that run were interrupted before.
        for entry in self.line.take() {
            self.report(&entry, Cause::Interrupted);
        }
    }
}

/// Gives a job one attempt; and if it needs another and may have it, a pause and a place at the end of the line.
async fn run(mut custody: Custody) {
    let shared = custody.shared.clone();
    let Some(entry) = &mut custody.entry else { return };
    entry.attempts += 1;
    let (attempts, is_last) =
        (entry.attempts, shared.closed.is_set() || !shared.retry.allows(entry.attempts));
    let cause = match entry.attempt(shared.timeout).await {
        Ok(()) => return custody.fate = Fate::Done,
        Err(cause) if is_last => return custody.fate = Fate::Failed(cause),
        Err(cause) => cause,
    };
    let pause = shared.retry.pause(attempts);
    let (jobs, job) = (&*shared.name, entry.id);
    tracing::warn!(target: "gustnado.application", jobs, job, "attempt {attempts} of job {job} of {jobs} failed, the next is in {pause:.1?}: {cause}");
    custody.pause();
    // Whoever ends it does not wait for pauses.
    let _ = shared.closed.wait_until(pause).await;
    custody.fate = Fate::Again;
}

/// Holds a job while it runs and pauses. Whatever happens to its task, what comes next is done here.
struct Custody {
    shared: Rc<Shared>,
    task: Key,
    entry: Option<Entry>,
    is_pausing: bool,
    fate: Fate,
}

/// What comes next.
enum Fate {
    Done,
    Again,
    Failed(Cause),
    /// As long as nothing else was said.
    Interrupted,
}

impl Custody {
    /// Lets others run meanwhile.
    fn pause(&mut self) {
        self.is_pausing = true;
        self.shared.count(|figures| {
            figures.running -= 1;
            figures.pausing += 1;
        });
        self.shared.dispatch();
    }
}

impl Drop for Custody {
    fn drop(&mut self) {
        let Self { shared, entry, .. } = self;
        let handle = shared.tasks.borrow_mut().remove(self.task);
        drop(handle);
        let is_pausing = self.is_pausing;
        shared.count(|figures| match is_pausing {
            true => figures.pausing -= 1,
            false => figures.running -= 1,
        });
        let Some(entry) = entry.take() else { return };
        match std::mem::replace(&mut self.fate, Fate::Interrupted) {
            Fate::Again => {
                shared.count(|figures| figures.retries += 1);
                shared.line.borrow_mut().push_back(entry);
                return shared.dispatch();
            }
            Fate::Done => shared.count(|figures| figures.done += 1),
            Fate::Failed(cause) => shared.report(&entry, cause),
            Fate::Interrupted => {
                shared.report(&entry, Cause::Interrupted);
                // Nothing else begins: everything is being ended.
                return shared.end();
            }
        }
        shared.end();
        shared.dispatch();
    }
}
