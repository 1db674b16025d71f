//! What is wrong with options.

use std::fmt;

/// Why options could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionError {
    /// `--help` was asked for; this is the text.
    Help(String),
    /// There is no such option.
    Unknown {
        /// What was asked for.
        name: String,
        /// The option whose name is nearly the same.
        suggestion: Option<String>,
    },
    /// The option needs a value.
    NoValue {
        /// The option.
        name: String,
    },
    /// The option cannot have this value.
    Invalid {
        /// The option.
        name: String,
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The option is of another type.
    Type {
        /// The option.
        name: String,
        /// The type that it has.
        expected: &'static str,
    },
    /// The option was defined twice.
    Twice {
        /// The option.
        name: String,
        /// Where it was defined first.
        first: String,
        /// Where it was defined again.
        second: String,
    },
    /// A file of options cannot be read, or is not one.
    Config {
        /// The file, and the line.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A callback refused the value; or the command line is not UTF-8.
    Other(String),
}

impl OptionError {
    /// What a callback says that does not want a value.
    pub fn msg(reason: impl Into<String>) -> Self {
        Self::Other(reason.into())
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Help(text) => f.write_str(text),
            Self::Unknown { name, suggestion: Some(other) } => {
                write!(f, "there is no option --{name}; did you mean --{other}?")
            }
            Self::Unknown { name, .. } => {
                write!(f, "there is no option --{name}; --help tells which there are")
            }
            Self::NoValue { name } => write!(f, "the option --{name} requires a value"),
            Self::Invalid { name, value, reason } => {
                write!(f, "--{name} cannot be {value:?}: {reason}")
            }
            Self::Type { name, expected } => write!(f, "the option --{name} is a {expected}"),
            Self::Twice { name, first, second } => {
                write!(f, "the option --{name} of {second} is already defined in {first}")
            }
            Self::Config { place, reason } => write!(f, "{place}: {reason}"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for OptionError {}
