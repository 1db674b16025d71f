//! Where logs go, and what they look like. Tornado's `log`.
//!
//! The house logs through [`tracing`], and so may an application; where nobody listens, that costs next to nothing. This room
//! is one that listens: it writes Tornado's lines, in colour on a terminal, or JSON, to the standard error or to files that rotate.
//!
//! ```no_run
//! use gustnado::log::define_logging_options;
//! use gustnado::options::{options, parse_command_line};
//!
//! # fn main() -> Result<(), gustnado::options::OptionError> {
//! define_logging_options(options()); // --logging, --log-file-prefix, and so on
//! parse_command_line()?;
//! tracing::info!("hello"); // [I 261121 16:20:00 main:4] hello
//! # Ok(())
//! # }
//! ```
//!
//! | target | what is logged |
//! | --- | --- |
//! | `gustnado.access` | a line for each request: at `INFO`, from status 400 on `WARN`, from 500 on `ERROR` |
//! | `gustnado.application` | what handlers and callbacks fail with |
//! | `gustnado.general` | the rest |
//!
//! Three things hold whatever is logged. Passwords, tokens, cookies and credentials are [left out](redact()). Control characters
//! are made visible, and what follows the end of a line is indented, so no client can write a line of its own. And one request is
//! heard [a hundred times](Logging::records_per_request) at most, besides its line of the access log.
//!
//! Times are in UTC. Writing is done there and then, by whoever logs. Who uses `tracing-subscriber` needs none of this.

mod format;
mod options;
mod redact;
mod rotate;
mod spans;
mod subscriber;

pub use format::LogFormat;
pub use options::{LogLevel, define_logging_options, enable_pretty_logging};
pub use redact::redact;
pub use rotate::{RotateWhen, RotatingFile, Rotation};
pub use subscriber::{LogSubscriber, Logging, LoggingError};
