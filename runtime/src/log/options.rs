//! Tornado's options of the log.

use super::format::LogFormat;
use super::rotate::{RotateWhen, Rotation};
use super::subscriber::Logging;
use crate::options::{OptionError, OptionParser, OptionType};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tracing::level_filters::LevelFilter;

/// How bad something has to be to be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing is.
    None,
    /// Errors.
    Error,
    /// Warnings, too.
    Warning,
    /// What is of interest to who runs the program, too.
    Info,
    /// What is of interest to who has written it, too.
    Debug,
}

impl LogLevel {
    pub(super) fn filter(self) -> LevelFilter {
        match self {
            Self::None => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warning => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
        }
    }
}

/// Options that are one of a few words, in upper or lower case.
macro_rules! words {
    ($type:ty, $name:literal: $($word:literal => $value:path),*) => {
        impl OptionType for $type {
            const NAME: &'static str = $name;

            fn parse(text: &str) -> Result<Self, String> {
                match text.to_ascii_lowercase().as_str() {
                    $($word => Ok($value),)*
                    _ => Err(format!("it is one of {}", [$($word),*].join(", "))),
                }
            }

            fn show(&self) -> String {
                match self { $($value => $word,)* }.to_owned()
            }
        }
    };
}

words!(LogLevel, "level": "debug" => Self::Debug, "info" => Self::Info, "warning" => Self::Warning,
    "error" => Self::Error, "none" => Self::None);

/// What `log_rotate_mode` can be.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Size,
    Time,
}

words!(Mode, "mode": "size" => Self::Size, "time" => Self::Time);

/// What `log_format` can be.
#[derive(Clone, Copy, Debug)]
enum Format {
    Pretty,
    Json,
}

words!(Format, "format": "pretty" => Self::Pretty, "json" => Self::Json);

impl OptionType for RotateWhen {
    const NAME: &'static str = "time to rotate";

    fn parse(text: &str) -> Result<Self, String> {
        Self::from_name(text).ok_or_else(|| "it is S, M, H, D, midnight or W0 to W6".to_owned())
    }

    fn show(&self) -> String {
        self.name()
    }
}

/// Adds Tornado's options of the log, and applies them when the command line was read: [`enable_pretty_logging`].
///
/// | option | default | |
/// | --- | --- | --- |
/// | `logging` | `info` | `debug`, `info`, `warning`, `error`, or `none`: this room does nothing then |
/// | `log_to_stderr` | | whether to write to the standard error. Unless given, if there is no `log_file_prefix`, and nobody else listens |
/// | `log_file_prefix` | | the path of a file to write to. Each process needs its own |
/// | `log_rotate_mode` | `size` | whether files rotate by `size` or by `time` |
/// | `log_file_max_size` | 100 000 000 | bytes of a file, by size |
/// | `log_rotate_when`, `log_rotate_interval` | `midnight`, 1 | when, by time: every so many `S`, `M`, `H`, `D`, at midnight, or at the end of Monday (`W0`) to Sunday |
/// | `log_file_num_backups` | 10 | how many old files are kept |
/// | `log_format` | `pretty` | `pretty` or `json` |
pub fn define_logging_options(options: &OptionParser) {
    let group = "log";
    let _level = options
        .define("logging", LogLevel::Info)
        .metavar("debug|info|warning|error|none")
        .help("Set the log level. If 'none', logging is left alone.")
        .group(group);
    let _stderr = options
        .define("log_to_stderr", None::<bool>)
        .help(
            "Send log output to stderr (colorized if possible). By default use stderr if \
             --log_file_prefix is not set and no other logging is configured.",
        )
        .group(group);
    let _prefix = options
        .define("log_file_prefix", None::<PathBuf>)
        .metavar("PATH")
        .help("Path prefix for log files. If there are several processes, each needs its own.")
        .group(group);
    let _size = options
        .define("log_file_max_size", 100_000_000_u64)
        .help("max size of log files before rollover")
        .group(group);
    let _backups = options
        .define("log_file_num_backups", 10_usize)
        .help("number of log files to keep")
        .group(group);
    let _when = options
        .define("log_rotate_when", RotateWhen::Midnight)
        .help("when to rotate by time: S, M, H, D, midnight, W0-W6")
        .group(group);
    let _interval = options
        .define("log_rotate_interval", 1_u32)
        .help("how many of these make an interval")
        .group(group);
    let _mode = options
        .define("log_rotate_mode", Mode::Size)
        .metavar("size|time")
        .help("how log files rotate")
        .group(group);
    let _format = options
        .define("log_format", Format::Pretty)
        .metavar("pretty|json")
        .help("what a line looks like")
        .group(group);
    let weak = options.downgrade();
    options.add_parse_callback(move || match weak.upgrade() {
        Some(options) => enable_pretty_logging(&options),
        None => Ok(()),
    });
}

/// Logs as the options say, which [`define_logging_options`] has added. The second time, it changes nothing.
///
/// # Errors
///
/// The options are not there; the file cannot be opened; somebody else listens to the log already, and it is wanted in a file or at the
/// standard error all the same.
pub fn enable_pretty_logging(options: &OptionParser) -> Result<(), OptionError> {
    static IS_INSTALLED: Mutex<bool> = Mutex::new(false);
    let mut is_installed = IS_INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_taken = tracing::dispatcher::has_been_set();
    if !*is_installed && let Some(logging) = configured(options, is_taken)? {
        logging.install().map_err(|error| OptionError::msg(error.to_string()))?;
        *is_installed = true;
    }
    Ok(())
}

/// What the options ask for, if anything, when somebody else listens or not.
fn configured(options: &OptionParser, is_taken: bool) -> Result<Option<Logging>, OptionError> {
    let level: LogLevel = options.value("logging")?;
    let prefix: Option<PathBuf> = options.value("log_file_prefix")?;
    let stderr: Option<bool> = options.value("log_to_stderr")?;
    let stderr = stderr.unwrap_or(prefix.is_none() && !is_taken);
    if level == LogLevel::None || !stderr && prefix.is_none() {
        return Ok(None);
    }
    let json = matches!(options.value("log_format")?, Format::Json);
    let mut logging = Logging::new().level(level);
    if let Some(path) = prefix {
        let rotation = match options.value("log_rotate_mode")? {
            Mode::Size => Rotation::size(options.value("log_file_max_size")?),
            Mode::Time => {
                let interval = options.value("log_rotate_interval")?;
                Rotation::time(options.value("log_rotate_when")?, interval)
            }
        };
        let rotation = rotation.keep(options.value("log_file_num_backups")?);
        let format = if json { LogFormat::Json } else { LogFormat::Plain };
        logging = logging
            .to_file(&path, rotation, format)
            .map_err(|error| OptionError::msg(format!("{}: {error}", path.display())))?;
    }
    Ok(Some(match (stderr, json) {
        (true, true) => logging.to_writer(std::io::stderr(), LogFormat::Json),
        (true, false) => logging.to_stderr(),
        (false, _) => logging,
    }))
}

#[cfg(test)]
mod tests;
