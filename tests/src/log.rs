//! Keeps what is logged.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// As long as there is but one subscriber, `tracing` asks a thread that meets an event first for *its* subscriber, and if it has none,
/// the event is off for all threads. So there is always another one.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Lines::default()));

/// What was logged from `info` on, as `LEVEL target message`. A clone sees the same lines.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    /// The only target that counts, then at every level.
    only: Option<&'static str>,
}

impl Lines {
    /// Keeps what this thread logs until the guard is dropped.
    pub fn capture() -> (Self, DefaultGuard) {
        let lines = Self::default();
        let guard = lines.listen();
        (lines, guard)
    }

    /// Keeps everything that is logged of a target.
    pub fn of(target: &'static str) -> Self {
        Self { only: Some(target), ..Self::default() }
    }

    /// Keeps also what the thread of this call logs until the guard is dropped.
    pub fn listen(&self) -> DefaultGuard {
        LazyLock::force(&ANOTHER);
        set_default(self.clone())
    }

    /// The lines so far; they are forgotten.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of lines that contain `text`.
    pub fn count(&self, text: &str) -> usize {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter(|line| line.contains(text)).count()
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        match self.only {
            Some(only) => metadata.target() == only,
            None => metadata.target().starts_with("gustnado.") && *metadata.level() <= Level::INFO,
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut line = format!("{} {} ", metadata.level(), metadata.target());
        event.record(&mut Message(&mut line));
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Message<'a>(&'a mut String);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.push_str(&format!("{value:?}"));
        }
    }
}
