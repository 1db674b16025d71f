//! Options of a program: from its command line, and from files. Tornado's `options`.
//!
//! ```
//! use gustnado::options::{OptionParser, parse_command_line};
//! use std::time::Duration;
//!
//! let options = OptionParser::new();
//! let port = options.define("port", 8888_u16).help("the port to listen on");
//! let timeout = options.define("timeout", Duration::from_secs(25)).help("for how long to wait");
//! let caches = options.define("caches", Vec::<String>::new()).metavar("HOST,HOST,...");
//!
//! let rest = options.parse_args(["server", "--port=80", "--timeout=1m 30s", "--caches=a:1,b:1", "file"])?;
//! assert_eq!(port.value(), 80);
//! assert_eq!(timeout.value(), Duration::from_secs(90));
//! assert_eq!(caches.value(), ["a:1", "b:1"]);
//! assert_eq!(rest, ["file"]);
//! # Ok::<(), gustnado::options::OptionError>(())
//! ```
//!
//! An option is defined with its default, whose type is the option's, and the handle that this gives reads it. A handle can be cloned
//! and sent to other threads. Most programs have one set of options, which every module adds its own to, with [`define`] and
//! [`parse_command_line`] of this room; who needs more than one makes an [`OptionParser`].
//!
//! `--name=value` gives an option its value. For a `bool`, `--name` stands for `--name=true`; there is no `--no-name`. Dashes and
//! underscores are the same. `--help` is always there. The room leans on nothing else in the house.

mod config;
mod datetime;
mod duration;
mod error;
mod help;
mod opt;
mod parser;
mod types;

pub use error::OptionError;
pub use opt::{Mocked, Opt};
pub use parser::OptionParser;
pub use types::OptionType;

use std::sync::OnceLock;

/// The options of this program.
pub fn options() -> &'static OptionParser {
    static OPTIONS: OnceLock<OptionParser> = OnceLock::new();
    OPTIONS.get_or_init(OptionParser::new)
}

/// Defines an option of this program; see [`OptionParser::define`].
///
/// ```
/// use gustnado::options::define;
/// use std::sync::LazyLock;
/// use gustnado::options::Opt;
///
/// // An option that all of a module needs.
/// static VERBOSE: LazyLock<Opt<bool>> = LazyLock::new(|| define("verbose", false).help("say more"));
///
/// assert!(!VERBOSE.value());
/// ```
#[track_caller]
pub fn define<T: OptionType>(name: &str, default: T) -> Opt<T> {
    options().define(name, default)
}

/// Reads the command line of this program into its options; see [`OptionParser::parse_command_line`].
///
/// # Errors
///
/// Options that are unknown, lack a value, or have one that is not theirs; options that were defined twice; those of callbacks.
pub fn parse_command_line() -> Result<Vec<String>, OptionError> {
    options().parse_command_line()
}

/// Reads a file into this program's options; see [`OptionParser::parse_config_file`].
///
/// # Errors
///
/// As [`OptionParser::parse_config_file`].
pub fn parse_config_file(path: impl AsRef<std::path::Path>) -> Result<(), OptionError> {
    options().parse_config_file(path)
}
