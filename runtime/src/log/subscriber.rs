//! Who listens to the log.

use super::format::LogFormat;
use super::options::LogLevel;
use super::rotate::{RotatingFile, Rotation};
use super::spans::Spans;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::set_global_default;
use tracing::{Event, Metadata, Subscriber};

/// What is logged, how, and where to.
///
/// ```no_run
/// use gustnado::log::{LogFormat, LogLevel, Logging, Rotation};
///
/// Logging::new()
///     .level(LogLevel::Debug)
///     .to_stderr()
///     .to_file("/var/log/blog.log", Rotation::default(), LogFormat::Json)?
///     .install()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is logged before it is installed"]
pub struct Logging {
    level: LogLevel,
    records_per_request: u32,
    sinks: Vec<(LogFormat, Sink)>,
}

type Sink = Box<dyn Write + Send>;

impl Logging {
    /// At level [`Info`](LogLevel::Info), to nowhere yet.
    pub fn new() -> Self {
        Self { level: LogLevel::Info, records_per_request: 100, sinks: Vec::new() }
    }

    /// Logs what is at least as bad as this.
    pub fn level(mut self, level: LogLevel) -> Self {
        self.level = level;
        self
    }

    /// How many records a request may make, its line of the access log aside: 100 unless set. A warning stands for all that would
    /// follow. What clients send must not fill disks (CVE-2025-47287).
    pub fn records_per_request(mut self, count: u32) -> Self {
        self.records_per_request = count;
        self
    }

    /// Writes to the standard error: in colour, if that is a terminal, and neither `NO_COLOR` is set nor `TERM` is `dumb`.
    pub fn to_stderr(self) -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let coloured = io::stderr().is_terminal() && !is_set("NO_COLOR") && !is_dumb;
        self.to_writer(io::stderr(), if coloured { LogFormat::Coloured } else { LogFormat::Plain })
    }

    /// Appends to a file that rotates.
    ///
    /// # Errors
    ///
    /// Those of opening it.
    pub fn to_file(
        self,
        path: impl AsRef<Path>,
        rotation: Rotation,
        format: LogFormat,
    ) -> io::Result<Self> {
        Ok(self.to_writer(RotatingFile::open(path, rotation)?, format))
    }

    /// Writes to something else, a line with each call. What it fails with is lost: there is no log to tell.
    pub fn to_writer(mut self, writer: impl Write + Send + 'static, format: LogFormat) -> Self {
        self.sinks.push((format, Box::new(writer)));
        self
    }

    #[cfg(test)]
    pub(super) fn sinks(&self) -> usize {
        self.sinks.len()
    }

    /// Who listens: for [`tracing::subscriber::with_default`] and its like.
    pub fn subscriber(self) -> LogSubscriber {
        LogSubscriber {
            level: self.level.filter(),
            records_per_request: self.records_per_request,
            sinks: Mutex::new(self.sinks),
            spans: Spans::new(),
        }
    }

    /// Listens to all threads that have no subscriber of their own, for as long as the process lives.
    ///
    /// # Errors
    ///
    /// Somebody does so already.
    pub fn install(self) -> Result<(), LoggingError> {
        set_global_default(self.subscriber()).map_err(|_| LoggingError)
    }
}

impl Default for Logging {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Logging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logging").field("level", &self.level).finish_non_exhaustive()
    }
}

/// The log has a listener already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggingError;

impl fmt::Display for LoggingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the log of this process has a listener already")
    }
}

impl std::error::Error for LoggingError {}

/// A listener to the log, which [`Logging`] makes.
pub struct LogSubscriber {
    level: LevelFilter,
    records_per_request: u32,
    sinks: Mutex<Vec<(LogFormat, Sink)>>,
    spans: Spans,
}

/// The target that each request has one record of.
const ACCESS: &str = "gustnado.access";

impl LogSubscriber {
    fn write(&self, line: impl Fn(LogFormat) -> String) {
        let mut sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        for (format, sink) in sinks.iter_mut() {
            let _ = sink.write_all(line(*format).as_bytes());
        }
    }
}

impl Subscriber for LogSubscriber {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        if metadata.is_span() {
            return Spans::wants(metadata) && self.level != LevelFilter::OFF;
        }
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // The spans of requests are at this level.
        Some(if self.level == LevelFilter::OFF {
            self.level
        } else {
            self.level.max(LevelFilter::INFO)
        })
    }

    fn event(&self, event: &Event<'_>) {
        let (metadata, now) = (event.metadata(), SystemTime::now());
        let request = Spans::current();
        let mut silenced = false;
        if let Some(request) = request.as_ref().filter(|_| metadata.target() != ACCESS) {
            let count = request.count();
            if count > self.records_per_request {
                return;
            }
            silenced = count == self.records_per_request;
        }
        let id = request.map(|request| request.id());
        self.write(|format| match silenced {
            true => format.notice(
                metadata,
                "this request has logged too much: no more of it",
                id.as_deref(),
                now,
            ),
            false => format.line(event, id.as_deref(), now),
        });
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        self.spans.open(attributes)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        self.spans.record(id, values);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, id: &Id) {
        self.spans.enter(id);
    }

    fn exit(&self, id: &Id) {
        Spans::exit(id);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.spans.retain(id);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        self.spans.release(&id)
    }
}

impl fmt::Debug for LogSubscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogSubscriber").field("level", &self.level).finish_non_exhaustive()
    }
}
