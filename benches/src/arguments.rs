//! Options of the form `--name=value`, as few as these programs need.

use std::error::Error;
use std::fmt::Display;
use std::str::FromStr;

/// The options a program was started with.
#[derive(Debug)]
pub struct Arguments {
    given: Vec<(String, String)>,
}

impl Arguments {
    /// Reads the process's own arguments.
    ///
    /// # Errors
    ///
    /// When one is not of the form `--name=value`.
    pub fn from_environment() -> Result<Self, Box<dyn Error>> {
        let given = std::env::args()
            .skip(1)
            .map(|argument| {
                argument
                    .strip_prefix("--")
                    .and_then(|option| option.split_once('='))
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .ok_or_else(|| format!("{argument:?} is not --name=value"))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { given })
    }

    /// Takes the option called `name`, or `default` when it was not given.
    ///
    /// # Errors
    ///
    /// When its value does not parse.
    pub fn take<T>(&mut self, name: &str, default: T) -> Result<T, Box<dyn Error>>
    where
        T: FromStr,
        T::Err: Display,
    {
        let Some(index) = self.given.iter().position(|(given, _)| given == name) else {
            return Ok(default);
        };
        let (_, value) = self.given.remove(index);
        value.parse().map_err(|error| format!("--{name}={value}: {error}").into())
    }

    /// Refuses whatever was not taken, so that a mistyped option is not a silent default.
    ///
    /// # Errors
    ///
    /// When an option is left.
    pub fn finish(self) -> Result<(), Box<dyn Error>> {
        match self.given.first() {
            Some((name, _)) => Err(format!("there is no option --{name}").into()),
            None => Ok(()),
        }
    }
}
