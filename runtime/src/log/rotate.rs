//! Files that do not grow for ever.

use crate::calendar::{DAY, Moment, unix_seconds};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// When a file of the log is put aside, and how many of those are kept.
#[derive(Clone, Debug)]
pub struct Rotation {
    trigger: Trigger,
    keep: usize,
}

#[derive(Clone, Copy, Debug)]
enum Trigger {
    Size(u64),
    Time(RotateWhen, u32),
}

/// By size, at 100 MB, with ten old files. As Tornado.
impl Default for Rotation {
    fn default() -> Self {
        Self::size(100_000_000)
    }
}

impl Rotation {
    /// Before the file would be longer than this many bytes. 0 means never. The old ones are called `.1`, `.2`, and so on, the
    /// youngest first.
    pub fn size(bytes: u64) -> Self {
        Self { trigger: Trigger::Size(bytes), keep: 10 }
    }

    /// At these times, in UTC. The old ones are called by the time at which they were begun.
    pub fn time(when: RotateWhen, interval: u32) -> Self {
        Self { trigger: Trigger::Time(when, interval.max(1)), keep: 10 }
    }

    /// How many old files are kept: 10 unless set. With 0, those of times are all kept, and there is no rotation by size, as in Python.
    #[must_use]
    pub fn keep(mut self, count: usize) -> Self {
        self.keep = count;
        self
    }
}

/// When a file rotates by time. Python's `TimedRotatingFileHandler`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotateWhen {
    /// Every so many seconds: `S`.
    Seconds,
    /// Every so many minutes: `M`.
    Minutes,
    /// Every so many hours: `H`.
    Hours,
    /// Every so many days, from the beginning of the file: `D`.
    Days,
    /// At midnight, every so many days.
    Midnight,
    /// At the end of a day of the week: `W0` is Monday.
    Weekday(u8),
}

impl RotateWhen {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "S" => Self::Seconds,
            "M" => Self::Minutes,
            "H" => Self::Hours,
            "D" => Self::Days,
            "MIDNIGHT" => Self::Midnight,
            name => match name.strip_prefix('W')?.parse() {
                Ok(day @ 0..=6) => Self::Weekday(day),
                _ => return None,
            },
        })
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::Seconds => "S".to_owned(),
            Self::Minutes => "M".to_owned(),
            Self::Hours => "H".to_owned(),
            Self::Days => "D".to_owned(),
            Self::Midnight => "midnight".to_owned(),
            Self::Weekday(day) => format!("W{day}"),
        }
    }

    /// When a file ends that was begun then, in seconds.
    fn end(self, begun: i64, interval: u32) -> i64 {
        let interval = i64::from(interval);
        let midnight = (begun.div_euclid(DAY) + 1) * DAY;
        match self {
            Self::Seconds => begun + interval,
            Self::Minutes => begun + 60 * interval,
            Self::Hours => begun + 3600 * interval,
            Self::Days => begun + DAY * interval,
            Self::Midnight => midnight + (interval - 1) * DAY,
            Self::Weekday(day) => {
                // Of ours, 0 is Sunday; of Python's, Monday.
                let today = (Moment::from_unix(begun).weekday as i64 + 6) % 7;
                midnight + (i64::from(day) - today).rem_euclid(7) * DAY
            }
        }
    }

    fn suffix(self, begun: i64) -> String {
        let Moment { date, hour, minute, second, .. } = Moment::from_unix(begun);
        let day = format!("{:04}-{:02}-{:02}", date.year, date.month, date.day);
        match self {
            Self::Seconds => format!("{day}_{hour:02}-{minute:02}-{second:02}"),
            Self::Minutes => format!("{day}_{hour:02}-{minute:02}"),
            Self::Hours => format!("{day}_{hour:02}"),
            _ => day,
        }
    }
}

/// A file that is appended to, and put aside from time to time. Each call of `write` is a line, which is never divided.
///
/// A file that cannot be put aside goes on.
///
/// ```no_run
/// use gustnado::log::{RotatingFile, Rotation};
/// use std::io::Write;
///
/// let mut file = RotatingFile::open("/var/log/blog.log", Rotation::size(1_000_000).keep(3))?;
/// writeln!(file, "a line")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RotatingFile {
    path: PathBuf,
    rotation: Rotation,
    file: File,
    length: u64,
    begun: i64,
}

impl RotatingFile {
    /// Opens or creates the file. One that is there already goes on: by time, it was begun when it was last written to.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn open(path: impl AsRef<Path>, rotation: Rotation) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let file = append(&path)?;
        let metadata = file.metadata()?;
        let now = SystemTime::now();
        let begun = if metadata.len() > 0 { metadata.modified().unwrap_or(now) } else { now };
        Ok(Self { path, rotation, file, length: metadata.len(), begun: unix_seconds(begun) })
    }

    fn write_at(&mut self, line: &[u8], now: i64) -> io::Result<()> {
        let is_due = match self.rotation.trigger {
            Trigger::Size(most) => {
                let longer = self.length + line.len() as u64;
                most > 0 && self.rotation.keep > 0 && self.length > 0 && longer > most
            }
            Trigger::Time(when, interval) => now >= when.end(self.begun, interval),
        };
        if is_due && self.put_aside().is_ok() {
            self.file = append(&self.path)?;
            self.length = 0;
        }
        if is_due {
            self.begun = now;
        }
        self.file.write_all(line)?;
        self.length += line.len() as u64;
        Ok(())
    }

    fn put_aside(&self) -> io::Result<()> {
        match self.rotation.trigger {
            Trigger::Size(_) => {
                for number in (1..self.rotation.keep).rev() {
                    let old = self.beside(&number.to_string());
                    if old.exists() {
                        fs::rename(old, self.beside(&(number + 1).to_string()))?;
                    }
                }
                fs::rename(&self.path, self.beside("1"))
            }
            Trigger::Time(when, _) => {
                fs::rename(&self.path, self.beside(&when.suffix(self.begun)))?;
                self.forget_the_oldest()
            }
        }
    }

    /// The path with something behind it.
    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".");
        path.push(suffix);
        path.into()
    }

    /// Of those that are called by their times, which are sorted as texts are.
    fn forget_the_oldest(&self) -> io::Result<()> {
        let (Some(folder), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return Ok(());
        };
        let prefix = format!("{}.", name.to_string_lossy());
        let mut old = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let suffix = name.to_str().and_then(|name| name.strip_prefix(&prefix));
            let is_time = |suffix: &str| {
                suffix.len() >= 10
                    && suffix.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'_'))
            };
            if suffix.is_some_and(is_time) {
                old.push(folder.join(name));
            }
        }
        old.sort();
        let keep = if self.rotation.keep == 0 { old.len() } else { self.rotation.keep };
        let surplus = old.len().saturating_sub(keep);
        old.iter().take(surplus).try_for_each(fs::remove_file)
    }
}

impl Write for RotatingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_at(line, unix_seconds(SystemTime::now()))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

#[cfg(test)]
mod tests;
