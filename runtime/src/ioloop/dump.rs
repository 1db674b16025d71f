//! What the coroutines of a loop wait for, for who wonders why nothing happens.

use super::core::{Core, Entry};
use super::probe::{self, Lines};
use super::slab::Key;
use super::sources::SourceDump;
use super::{IOLoop, waker};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::fmt::{self, Write};
use std::future::poll_fn;
use std::panic::Location;
use std::rc::Rc;
use std::task::{Poll, Waker};

impl IOLoop {
    /// Finds out where each coroutine of this loop waits.
    ///
    /// Each is polled once more, when nothing else runs; that is always allowed, and shows the chain of async functions that wait
    /// for each other. It takes some ten microseconds each, and more to print it, which another thread may do. It is meant
    /// for a program that hangs: in a test that takes too long, or behind a signal or an admin's route. A program that is
    /// built without debug information shows no places; with `debug = "line-tables-only"` functions lack the names of their crates,
    /// so that whole stacks are shown.
    ///
    /// ```
    /// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
    /// use gustnado::{coroutine::sleep, ioloop::{IOLoop, spawn}};
    /// use std::time::Duration;
    ///
    /// async fn tick() {
    ///     sleep(Duration::from_secs(3600)).await;
    /// }
    ///
    /// let ticking = spawn(tick());
    /// let dump = IOLoop::current().dump().await;
    /// let task = dump.tasks().iter().find(|task| task.name().ends_with("tick")).unwrap();
    /// println!("{task}"); // the task app::tick, spawned at src/main.rs:8:15, waits at ..
    /// # assert!(task.place().unwrap().file().ends_with(".rs"));
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// To have it printed on a signal:
    ///
    /// ```no_run
    /// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
    /// use gustnado::ioloop::{IOLoop, Signal, Signals};
    ///
    /// let mut signals = Signals::new(&[Signal::Hangup])?;
    /// while let Ok(_) = signals.recv().await {
    ///     let dump = IOLoop::current().dump().await;
    ///     std::thread::spawn(move || eprintln!("{dump}"));
    /// }
    /// # std::io::Result::Ok(())
    /// # })??;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn dump(&self) -> Dump {
        let dump = Rc::new(Cell::new(None));
        let waker = Rc::new(Cell::new(None::<Waker>));
        let (told, woken) = (dump.clone(), waker.clone());
        self.dump_then(move |dump| {
            told.set(Some(dump));
            woken.take().into_iter().for_each(Waker::wake);
        });
        poll_fn(|cx| match dump.take() {
            Some(dump) => Poll::Ready(dump),
            None => {
                waker.set(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }

    /// The same for who does not await it.
    pub(crate) fn dump_then(&self, tell: impl FnOnce(Dump) + 'static) {
        let _ = self.core.push_entry(Entry::Dump(Box::new(tell)));
    }

    /// Whether its time and its network are invented.
    pub(crate) fn is_simulated(&self) -> bool {
        self.core.network().is_some()
    }

    /// Whether neither tasks of the user nor descriptors are there.
    pub(crate) fn is_deserted(&self) -> bool {
        let tasks = self.core.inventory();
        self.core.sources.borrow().len() == 0 && tasks.iter().all(|(_, task)| task.is_own())
    }

    /// A line for each task of the user and for each descriptor.
    pub(crate) fn inventory(&self) -> String {
        let tasks = self.core.inventory();
        let tasks = tasks.iter().filter(|(_, task)| !task.is_own()).map(|(_, task)| task.subject());
        counted(tasks.chain(self.core.list_sources().iter().map(SourceDump::to_string)))
    }
}

/// What [`IOLoop::dump`] has found. Printed, it is a report on all of it.
#[derive(Debug)]
pub struct Dump {
    tasks: Vec<TaskDump>,
    sources: Vec<SourceDump>,
}

/// A coroutine, and where it waits. Printed, it is a report on it.
pub struct TaskDump {
    name: String,
    place: Option<&'static Location<'static>>,
    state: State,
    /// Where it has left its waker; read when they are printed, because that takes long.
    stacks: Vec<Backtrace>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Somebody has to wake it.
    Waiting,
    /// It was woken, and would have had its turn soon.
    Ready,
    /// It was waiting, and has ended when it was polled: whoever should have woken it did not.
    Overslept,
    /// It was woken, and has ended.
    Ended,
}

impl Dump {
    /// The coroutines that were there: first that of [`IOLoop::run_sync`], then the tasks, in no order that means anything.
    pub fn tasks(&self) -> &[TaskDump] {
        &self.tasks
    }

    /// The report on the coroutines; that of `run_sync` is called `root`.
    pub(crate) fn waits(&self, root: &str) -> String {
        let mut own = 0;
        let reports = self.tasks.iter().filter_map(|task| {
            let waits = task.waits();
            if task.is_own() && !waits.is_of_users {
                own += 1;
                return None;
            }
            Some(task.report(root, &waits))
        });
        let mut text = counted(reports);
        if own > 0 {
            let _ = writeln!(text, "{own} of gustnado's own tasks, which run none of your code");
        }
        text
    }
}

/// Tells equal ones once: a thousand tasks may wait at the same place.
fn counted(reports: impl Iterator<Item = String>) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for report in reports {
        match counts.iter_mut().find(|(other, _)| *other == report) {
            Some((_, count)) => *count += 1,
            None => counts.push((report, 1)),
        }
    }
    let line = |(report, count): (String, usize)| match count {
        1 => format!("{report}\n"),
        _ => format!("{count} times: {report}\n"),
    };
    counts.into_iter().map(line).collect()
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.waits(ROOT))?;
        self.sources.iter().try_for_each(|source| writeln!(f, "{source}"))
    }
}

/// What a coroutine that is no task is called.
const ROOT: &str = "the coroutine of run_sync";

/// What is said of where a task waits.
struct Waits {
    text: String,
    /// Whether some of the code is not gustnado's.
    is_of_users: bool,
}

impl TaskDump {
    /// The name of the coroutine's type: for an async function, its path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it was spawned; `None` for the coroutine of [`IOLoop::run_sync`].
    pub fn place(&self) -> Option<&'static Location<'static>> {
        self.place
    }

    /// Whether it waits, and will have no turn until somebody wakes it.
    pub fn is_waiting(&self) -> bool {
        self.state == State::Waiting
    }

    /// Whether it was spawned by this crate for itself.
    fn is_own(&self) -> bool {
        let sources = file!().strip_suffix("ioloop/dump.rs");
        match (self.place, sources) {
            (Some(place), Some(sources)) => place.file().starts_with(sources),
            _ => false,
        }
    }

    /// Which task it is.
    fn subject(&self) -> String {
        match self.place {
            Some(place) => format!("the task {}, spawned at {place}", self.name),
            None => ROOT.to_owned(),
        }
    }

    fn report(&self, root: &str, waits: &Waits) -> String {
        match self.place {
            Some(_) => format!("{}, {}", self.subject(), waits.text),
            None => format!("{root} {}", waits.text),
        }
    }

    fn waits(&self) -> Waits {
        let mut stacks: Vec<Lines> = Vec::new();
        for stack in &self.stacks {
            let lines = probe::lines(&stack.to_string());
            if !stacks.contains(&lines) {
                stacks.push(lines);
            }
        }
        let is_of_users = stacks.iter().any(|lines| lines.is_of_users);
        if is_of_users {
            // What gustnado waits for beside the handler says nothing.
            stacks.retain(|lines| lines.is_of_users);
        }
        let mut text = match self.state {
            State::Waiting if stacks.is_empty() => "waits for something that will never wake it",
            State::Waiting => "waits at",
            State::Ready if stacks.is_empty() => "is running",
            State::Ready => "is running, and has come to",
            State::Overslept => "has missed a wake-up: polled once more, it ended",
            State::Ended => "has ended just now",
        }
        .to_owned();
        for (number, lines) in stacks.iter().enumerate() {
            text.push_str(if number > 0 { "\n and at" } else { "" });
            for line in &lines.lines {
                let _ = write!(text, "\n  {line}");
            }
        }
        Waits { text, is_of_users }
    }
}

impl fmt::Display for TaskDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report(ROOT, &self.waits()))
    }
}

impl fmt::Debug for TaskDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskDump")
            .field("name", &self.name)
            .field("place", &self.place)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Core {
    /// Polls every coroutine once more, to see where it waits.
    #[cold]
    pub(super) fn probe(self: &Rc<Self>, root: &mut dyn FnMut(&Waker) -> bool) -> Dump {
        let mut tasks = Vec::new();
        for (key, mut told) in self.inventory() {
            let task = match self.entries.borrow().get(key) {
                // One of those before may have cancelled it.
                Some(Entry::Task { task, .. }) if !task.is_finished() => Some(task.clone()),
                Some(Entry::Root { .. }) => None,
                _ => continue,
            };
            let waker = waker::probe(self.id, key);
            let mut ended = false;
            told.stacks = probe::stacks(|| {
                ended = match &task {
                    Some(task) => self.turn(key, task, &waker),
                    None => self.turn_of_root(key, root, &waker),
                }
            });
            told.state = match told.state {
                State::Waiting if ended => State::Overslept,
                State::Ready if ended => State::Ended,
                state => state,
            };
            tasks.push(told);
        }
        Dump { tasks, sources: self.list_sources() }
    }

    fn inventory(&self) -> Vec<(Key, TaskDump)> {
        let entries = self.entries.borrow();
        let keys = entries.keys().into_iter();
        let mut tasks: Vec<_> = keys
            .filter_map(|key| {
                let ((name, place), queued) = match entries.get(key)? {
                    Entry::Task { task, queued } if !task.is_finished() => {
                        ((task.name(), Some(task.place())), *queued)
                    }
                    Entry::Root { queued } => (("run_sync", None), *queued),
                    _ => return None,
                };
                let state = if queued { State::Ready } else { State::Waiting };
                let name = probe::readable(name);
                Some((key, TaskDump { name, place, state, stacks: Vec::new() }))
            })
            .collect();
        tasks.sort_by_key(|(_, task)| task.place.is_some());
        tasks
    }
}
