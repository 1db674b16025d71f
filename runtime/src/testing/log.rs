//! What is logged: kept, to be looked at, or expected, to be missed.

use crate::ioloop;
use std::fmt::{self, Write};
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::panicking;
use tracing::dispatcher::get_default;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record as Values};
use tracing::subscriber::{DefaultGuard, Interest, NoSubscriber, set_default, set_global_default};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// A record of the log. Printed, it is `LEVEL target message`.
#[derive(Clone, Debug)]
pub struct Record {
    level: Level,
    target: &'static str,
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Record {
    fn new(event: &Event<'_>) -> Self {
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        let mut record = Self { level, target, message: String::new(), fields: Vec::new() };
        event.record(&mut record);
        record
    }

    /// How bad it is.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Which part of the program has logged it: `gustnado.access`, `gustnado.application`, `gustnado.general`, or a module.
    pub fn target(&self) -> &str {
        self.target
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(other, _)| *other == name);
        field.map(|(_, value)| value.as_str())
    }

    /// The message and the fields.
    fn text(&self) -> String {
        let mut text = self.message.clone();
        for (name, value) in &self.fields {
            // Writing into a text never fails.
            let _ = write!(text, " {name}={value}");
        }
        text
    }
}

impl Visit for Record {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields.push((name, format!("{value:?}"))),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = value.to_owned(),
            name => self.fields.push((name, value.to_owned())),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.level, self.target, self.message)
    }
}

/// Records that were kept. A clone is the same log, also on another thread.
///
/// ```
/// use gustnado::testing::Log;
///
/// let log = Log::capture();
/// tracing::info!(target: "app", user = 7, "signed in");
/// assert_eq!(log.records()[0].field("user"), Some("7"));
/// assert_eq!(log.take(), ["INFO app signed in"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<Record>>>);

impl Log {
    /// Keeps what this thread logs at level `INFO` or above, until the result is dropped. It goes nowhere else meanwhile.
    pub fn capture() -> LogCapture {
        Self::default().join()
    }

    /// Keeps what this thread logs at any level of a target that begins so; the rest goes where it would have gone.
    pub fn capture_of(target: &'static str) -> LogCapture {
        let log = Self::default();
        let tap = log.tap(move |metadata| metadata.target().starts_with(target));
        LogCapture { log, _tap: tap.install() }
    }

    /// The same as [`capture`](Self::capture) into this log, for another thread that is to share it.
    pub fn join(&self) -> LogCapture {
        LogCapture { log: self.clone(), _tap: self.tap(is_worth_a_look).install() }
    }

    /// What all threads of the process log at level `INFO` or above, from the first call on, except those that have a capture or
    /// a subscriber of their own. There is only one such log, so tests that look at it must take turns.
    ///
    /// # Panics
    ///
    /// If the process has a global subscriber already.
    pub fn of_process() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        let begin = || {
            let log = Self::default();
            match set_global_default(log.tap(is_worth_a_look)) {
                Ok(()) => log,
                Err(error) => panic!("{error}"),
            }
        };
        LOG.get_or_init(begin).clone()
    }

    fn tap<W>(&self, wants: W) -> Tap<W, impl Fn(Record) -> bool + use<W>>
    where
        W: Fn(&Metadata<'_>) -> bool + Send + Sync + 'static,
    {
        let log = self.clone();
        let take = move |record| {
            log.records_mut().push(record);
            true
        };
        Tap::new(wants, take)
    }

    /// The records so far.
    pub fn records(&self) -> Vec<Record> {
        self.records_mut().clone()
    }

    /// The records so far, printed. They are forgotten.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.records_mut()).iter().map(Record::to_string).collect()
    }

    /// How many records contain `text`, when they are printed.
    pub fn count(&self, text: &str) -> usize {
        self.records_mut().iter().filter(|record| record.to_string().contains(text)).count()
    }

    fn records_mut(&self) -> MutexGuard<'_, Vec<Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_worth_a_look(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO
}

/// A [`Log`] that records are being added to.
#[derive(Debug)]
#[must_use = "nothing is kept any more once it is dropped"]
pub struct LogCapture {
    log: Log,
    _tap: DefaultGuard,
}

impl Deref for LogCapture {
    type Target = Log;

    fn deref(&self) -> &Log {
        &self.log
    }
}

/// Expects that something is logged on this thread before it is dropped, and keeps it out of the log. Tornado's `ExpectLog`.
///
/// A record is expected if its target begins with the given one, and its text, the message and the fields, contains the given
/// one, or makes the given function return `true`. Others go where they would have gone. Several may be alive; the newest
/// has the first look. Drop them in the reverse order, as scopes do.
///
/// A panic in a callback or a task that is expected in this way does not fail a `#[gustnado::test]`.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::{coroutine::moment, ioloop::IOLoop, testing::ExpectLog};
///
/// let _expected = ExpectLog::new("gustnado.application", "Exception in callback");
/// IOLoop::current().add_callback(|| panic!("on purpose"));
/// moment().await;
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// When it is dropped, if nothing of the kind was logged, unless it is [`optional`](Self::optional).
#[must_use = "it expects nothing any more once it is dropped"]
pub struct ExpectLog {
    seen: Arc<Seen>,
    /// What it expects, for the message of its failure.
    expectation: String,
    optional: bool,
    _tap: DefaultGuard,
}

#[derive(Default)]
struct Seen {
    /// The only level that counts.
    level: OnceLock<Level>,
    records: Log,
}

impl ExpectLog {
    /// Expects a record with this target and text.
    pub fn new(target: impl Into<String>, text: impl LogPattern) -> Self {
        let target = target.into();
        let expectation = match text.text() {
            Some(text) => format!("a record of {target} with {text:?}"),
            None => format!("a record of {target}"),
        };
        let seen = Arc::new(Seen::default());
        let (wants, takes) = (seen.clone(), seen.clone());
        let wants = move |metadata: &Metadata<'_>| {
            metadata.target().starts_with(&target)
                && wants.level.get().is_none_or(|level| level == metadata.level())
        };
        let take = move |record: Record| {
            let expected = text.matches(&record.text());
            if expected {
                takes.records.records_mut().push(record);
            }
            expected
        };
        Self { seen, expectation, optional: false, _tap: Tap::new(wants, take).install() }
    }

    /// Expects that nothing is logged at `level` or above that nobody else expects. It goes on to the log all the same.
    ///
    /// ```
    /// use gustnado::testing::ExpectLog;
    /// use tracing::Level;
    ///
    /// let _quiet = ExpectLog::nothing(Level::WARN);
    /// let expected = ExpectLog::new("app", "disk is full");
    /// tracing::warn!(target: "app", "the disk is full");
    /// tracing::info!(target: "app", "going on");
    /// drop(expected);
    /// ```
    ///
    /// # Panics
    ///
    /// When it is dropped, if something was.
    pub fn nothing(level: Level) -> UnexpectedLog {
        let unexpected = Log::default();
        let kept = unexpected.clone();
        let wants = move |metadata: &Metadata<'_>| *metadata.level() <= level;
        let take = move |record| {
            kept.records_mut().push(record);
            false
        };
        UnexpectedLog { unexpected, _tap: Tap::new(wants, take).install() }
    }

    /// Expects it at this level only.
    pub fn level(self, level: Level) -> Self {
        self.seen.level.get_or_init(|| level);
        self
    }

    /// Keeps such records out of the log, but does not insist on one. Tornado's `required=False`.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// How often it was logged so far.
    pub fn count(&self) -> usize {
        self.seen.records.records_mut().len()
    }
}

impl Drop for ExpectLog {
    fn drop(&mut self) {
        if self.count() == 0 && !self.optional && !panicking() {
            panic!("nobody has logged {}", self.expectation);
        }
    }
}

impl fmt::Debug for ExpectLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpectLog")
            .field("expectation", &self.expectation)
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

/// What [`ExpectLog::nothing`] does not expect.
#[derive(Debug)]
#[must_use = "anything may be logged once it is dropped"]
pub struct UnexpectedLog {
    unexpected: Log,
    _tap: DefaultGuard,
}

impl Drop for UnexpectedLog {
    fn drop(&mut self) {
        let records = self.unexpected.records();
        if !records.is_empty() && !panicking() {
            let line = |record: &Record| {
                format!("\n  {} {} {}", record.level, record.target, record.text())
            };
            let lines: String = records.iter().map(line).collect();
            panic!("nobody has expected in the log:{lines}");
        }
    }
}

/// Which texts [`ExpectLog`] expects: those that contain a `&str`, or that a function returns `true` for.
pub trait LogPattern: Send + Sync + 'static {
    /// Whether a record with this text is expected.
    fn matches(&self, text: &str) -> bool;

    /// The text to look for, if it is one.
    fn text(&self) -> Option<&str> {
        None
    }
}

impl LogPattern for &'static str {
    fn matches(&self, text: &str) -> bool {
        text.contains(*self)
    }

    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl LogPattern for String {
    fn matches(&self, text: &str) -> bool {
        text.contains(self.as_str())
    }

    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl<F: Fn(&str) -> bool + Send + Sync + 'static> LogPattern for F {
    fn matches(&self, text: &str) -> bool {
        self(text)
    }
}

/// As long as there is but one subscriber, `tracing` asks a thread that meets an event first for *its* subscriber, and if it has none,
/// the event is off for all threads. So there is always another one, which wants nothing.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// Has the first look at what this thread logs, and leaves the rest to who would have had it otherwise.
struct Tap<W, T> {
    wants: W,
    /// Says whether the record ends here.
    take: T,
    next: Dispatch,
}

impl<W, T> Tap<W, T>
where
    W: Fn(&Metadata<'_>) -> bool + Send + Sync + 'static,
    T: Fn(Record) -> bool + Send + Sync + 'static,
{
    /// Leaves the rest to who has this thread's log now.
    fn new(wants: W, take: T) -> Self {
        Self { wants, take, next: get_default(Dispatch::clone) }
    }

    fn install(self) -> DefaultGuard {
        LazyLock::force(&ANOTHER);
        set_default(self)
    }
}

impl<W, T> Subscriber for Tap<W, T>
where
    W: Fn(&Metadata<'_>) -> bool + Send + Sync + 'static,
    T: Fn(Record) -> bool + Send + Sync + 'static,
{
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        // What is wanted may change, and what the next one wants, too.
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        (!metadata.is_span() && (self.wants)(metadata)) || self.next.enabled(metadata)
    }

    fn event(&self, event: &Event<'_>) {
        if (self.wants)(event.metadata()) {
            let record = Record::new(event);
            let is_panic = record.field("panic").is_some();
            if (self.take)(record) {
                if is_panic {
                    ioloop::set_heard(true);
                }
                return;
            }
        }
        if self.next.enabled(event.metadata()) {
            self.next.event(event);
        }
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.next.new_span(span)
    }

    fn record(&self, span: &Id, values: &Values<'_>) {
        self.next.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.next.record_follows_from(span, follows);
    }

    fn enter(&self, span: &Id) {
        self.next.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.next.exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.next.clone_span(span)
    }

    fn try_close(&self, span: Id) -> bool {
        self.next.try_close(span)
    }
}
