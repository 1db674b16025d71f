//! Lines of the log.

use super::redact::{is_secret, redact};
use crate::calendar::{Moment, unix_seconds};
use std::fmt::{self, Write};
use std::path::Path;
use std::time::SystemTime;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};

/// What a line looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Tornado's: `[I 261121 16:20:00 module:12] message field=value`.
    #[default]
    Plain,
    /// The same; what is in the brackets has the colour of its level.
    Coloured,
    /// A JSON object: `time` (RFC 3339, in UTC), `level`, `target`, `module`, `line`, `message`, `request` (the id of the request, if
    /// it is part of one), and the fields.
    Json,
}

impl LogFormat {
    /// The line, with its end.
    pub(super) fn line(self, event: &Event<'_>, request: Option<&str>, now: SystemTime) -> String {
        let metadata = event.metadata();
        let mut values = Values::default();
        event.record(&mut values);
        self.write(metadata, &values, request, now)
    }

    /// The line of something that nobody has logged but we.
    pub(super) fn notice(
        self,
        metadata: &Metadata<'_>,
        message: &str,
        request: Option<&str>,
        now: SystemTime,
    ) -> String {
        let values = Values { message: message.to_owned(), fields: Vec::new() };
        self.write(metadata, &values, request, now)
    }

    fn write(
        self,
        metadata: &Metadata<'_>,
        values: &Values,
        request: Option<&str>,
        now: SystemTime,
    ) -> String {
        // Writing into a text never fails.
        let mut line = String::with_capacity(128);
        let _ = match self {
            Self::Plain => plain(&mut line, ("", ""), metadata, values, now),
            Self::Coloured => plain(&mut line, colours(metadata.level()), metadata, values, now),
            Self::Json => json(&mut line, metadata, values, request, now),
        };
        line.push('\n');
        line
    }
}

fn plain(
    line: &mut String,
    (colour, normal): (&str, &str),
    metadata: &Metadata<'_>,
    values: &Values,
    now: SystemTime,
) -> fmt::Result {
    let letter = &metadata.level().as_str()[..1];
    let Moment { date, hour, minute, second, .. } = Moment::from_unix(unix_seconds(now));
    let (year, month, day) = (date.year.rem_euclid(100), date.month, date.day);
    write!(
        line,
        "{colour}[{letter} {year:02}{month:02}{day:02} {hour:02}:{minute:02}:{second:02} "
    )?;
    write!(line, "{}", module(metadata))?;
    if let Some(number) = metadata.line() {
        write!(line, ":{number}")?;
    }
    write!(line, "]{normal} ")?;
    visible(line, &values.message);
    for (name, value) in &values.fields {
        let gap = if line.ends_with(' ') { "" } else { " " };
        write!(line, "{gap}{name}=")?;
        visible(line, value);
    }
    Ok(())
}

fn json(
    line: &mut String,
    metadata: &Metadata<'_>,
    values: &Values,
    request: Option<&str>,
    now: SystemTime,
) -> fmt::Result {
    let Moment { date, hour, minute, second, .. } = Moment::from_unix(unix_seconds(now));
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    write!(line, "{{\"time\":\"{:04}-{:02}-{:02}T", date.year, date.month, date.day)?;
    write!(line, "{hour:02}:{minute:02}:{second:02}.{:06}Z\"", since.subsec_micros())?;
    write!(line, ",\"level\":\"{}\"", metadata.level().as_str().to_ascii_lowercase())?;
    let mut member = |name: &str, value: &str| {
        write!(line, ",{}:{}", serde_json::Value::from(name), serde_json::Value::from(value))
    };
    member("target", metadata.target())?;
    member("module", module(metadata))?;
    if let Some(number) = metadata.line() {
        member("line", &number.to_string())?;
    }
    member("message", &values.message)?;
    if let Some(id) = request {
        member("request", id)?;
    }
    for (name, value) in &values.fields {
        member(name, value)?;
    }
    line.push('}');
    Ok(())
}

/// The escape sequences for a level, and back: Tornado's blue, green, yellow and red.
fn colours(level: &Level) -> (&'static str, &'static str) {
    let colour = match *level {
        Level::ERROR => "\u{1b}[31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        _ => "\u{1b}[34m",
    };
    (colour, "\u{1b}[0m")
}

/// The name of the source file, which for `name/mod.rs` is `name`; else the target.
fn module<'a>(metadata: &'a Metadata<'_>) -> &'a str {
    let path = metadata.file().map(Path::new);
    let name = |path: &'a Path| path.file_stem().and_then(|name| name.to_str());
    let folder = |path: &'a Path| path.parent().and_then(name);
    let module = path.and_then(|path| match name(path) {
        Some("mod") => folder(path),
        name => name,
    });
    module.unwrap_or(metadata.target())
}

/// Control characters are made visible, and what follows the end of a line is indented.
fn visible(line: &mut String, text: &str) {
    for c in text.trim_end_matches(['\r', '\n', ' ']).chars() {
        match c {
            '\n' => line.push_str("\n    "),
            '\t' => line.push(c),
            _ if c.is_control() => line.extend(c.escape_default()),
            _ => line.push(c),
        }
    }
}

/// What was logged, without the secrets.
#[derive(Default)]
struct Values {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Values {
    fn add(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = redact(value).into_owned(),
            name if is_secret(name) => self.fields.push((name, "[redacted]".to_owned())),
            name => self.fields.push((name, redact(value).into_owned())),
        }
    }
}

impl Visit for Values {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }
}
