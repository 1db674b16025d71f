//! One option.

use super::error::OptionError;
use super::types::OptionType;
use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An option: reads its value, and changes it. A clone is the same option, also on another thread.
///
/// Values are read at run time, so nobody has to hand them around:
///
/// ```
/// use gustnado::options::OptionParser;
///
/// let options = OptionParser::new();
/// let debug = options.define("debug", false).help("reload what changes");
/// options.parse_args(["program", "--debug"])?;
/// assert!(debug.value());
/// # Ok::<(), gustnado::options::OptionError>(())
/// ```
pub struct Opt<T>(Arc<Inner<T>>);

struct Inner<T> {
    name: String,
    default: T,
    location: &'static Location<'static>,
    state: Mutex<State<T>>,
}

struct State<T> {
    value: T,
    help: String,
    metavar: String,
    group: String,
    callback: Option<Callback<T>>,
}

type Callback<T> = Arc<dyn Fn(&T) -> Result<(), OptionError> + Send + Sync>;

impl<T: OptionType> Opt<T> {
    pub(super) fn new(name: &str, default: T, location: &'static Location<'static>) -> Self {
        let state = State {
            value: default.clone(),
            help: String::new(),
            metavar: String::new(),
            group: location.file().to_owned(),
            callback: None,
        };
        Self(Arc::new(Inner { name: name.to_owned(), default, location, state: Mutex::new(state) }))
    }

    /// What it is good for, as `--help` tells it.
    #[must_use]
    pub fn help(self, text: &str) -> Self {
        text.clone_into(&mut self.state().help);
        self
    }

    /// What stands for the value in `--help`: `--port=N`.
    #[must_use]
    pub fn metavar(self, name: &str) -> Self {
        name.clone_into(&mut self.state().metavar);
        self
    }

    /// Which options it is told with: those of the same source file, unless set.
    #[must_use]
    pub fn group(self, name: &str) -> Self {
        name.clone_into(&mut self.state().group);
        self
    }

    /// What is done with every new value, as it comes. A failure is that of the parsing.
    ///
    /// ```
    /// use gustnado::options::{OptionError, OptionParser};
    ///
    /// let options = OptionParser::new();
    /// let threads = options.define("threads", 1_u8).callback(|count| match count {
    ///     0 => Err(OptionError::msg("somebody has to do the work")),
    ///     _ => Ok(()),
    /// });
    /// assert!(options.parse_args(["program", "--threads=0"]).is_err());
    /// ```
    #[must_use]
    pub fn callback(
        self,
        callback: impl Fn(&T) -> Result<(), OptionError> + Send + Sync + 'static,
    ) -> Self {
        self.state().callback = Some(Arc::new(callback));
        self
    }

    /// The value: what was set last, else the default.
    pub fn value(&self) -> T {
        self.state().value.clone()
    }

    /// Gives it another value.
    ///
    /// # Errors
    ///
    /// Those of its [callback](Self::callback); it has the value then all the same.
    pub fn set(&self, value: T) -> Result<(), OptionError> {
        let callback = {
            let mut state = self.state();
            state.value = value.clone();
            state.callback.clone()
        };
        // Without the lock: it may look at the option, or read a file that sets it.
        callback.map_or(Ok(()), |callback| callback(&value))
    }

    /// Gives it another value until the result is dropped, for tests. Nobody is called back. Several are dropped in the reverse order.
    ///
    /// ```
    /// use gustnado::options::OptionParser;
    ///
    /// let port = OptionParser::new().define("port", 8888_u16);
    /// let mocked = port.mock(80);
    /// assert_eq!(port.value(), 80);
    /// drop(mocked);
    /// assert_eq!(port.value(), 8888);
    /// ```
    pub fn mock(&self, value: T) -> Mocked<T> {
        let original = Some(std::mem::replace(&mut self.state().value, value));
        Mocked { opt: self.clone(), original }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn invalid(&self, value: String, reason: String) -> OptionError {
        OptionError::Invalid { name: self.0.name.clone(), value, reason }
    }
}

impl<T> Clone for Opt<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: OptionType> fmt::Debug for Opt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opt")
            .field("name", &self.0.name)
            .field("value", &self.value().show())
            .finish_non_exhaustive()
    }
}

/// An option that has another value until this is dropped.
#[must_use = "the option has its own value again once it is dropped"]
pub struct Mocked<T: OptionType> {
    opt: Opt<T>,
    original: Option<T>,
}

impl<T: OptionType> Drop for Mocked<T> {
    fn drop(&mut self) {
        if let Some(original) = self.original.take() {
            self.opt.state().value = original;
        }
    }
}

impl<T: OptionType> fmt::Debug for Mocked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.opt.fmt(f)
    }
}

/// An option whose type is forgotten.
pub(super) trait Entry: Send + Sync {
    fn name(&self) -> &str;
    fn location(&self) -> &'static Location<'static>;
    fn group(&self) -> String;
    /// `name=METAVAR`, and what to say of it.
    fn help(&self) -> (String, String);
    fn is_flag(&self) -> bool;
    fn type_name(&self) -> &'static str;
    fn parse(&self, text: &str) -> Result<(), OptionError>;
    fn parse_list(&self, texts: &[String]) -> Result<(), OptionError>;
    fn show(&self) -> String;
    fn as_any(&self) -> &dyn Any;
}

impl<T: OptionType> Entry for Opt<T> {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn location(&self) -> &'static Location<'static> {
        self.0.location
    }

    fn group(&self) -> String {
        self.state().group.clone()
    }

    fn help(&self) -> (String, String) {
        let state = self.state();
        let mut name = normalized(&self.0.name);
        if !state.metavar.is_empty() {
            name = format!("{name}={}", state.metavar);
        }
        let (help, default) = (&state.help, self.0.default.show());
        let gap = if help.is_empty() { "" } else { " " };
        let default =
            if default.is_empty() { default } else { format!("{gap}(default {default})") };
        (name, format!("{help}{default}"))
    }

    fn is_flag(&self) -> bool {
        T::IS_FLAG
    }

    fn type_name(&self) -> &'static str {
        T::NAME
    }

    fn parse(&self, text: &str) -> Result<(), OptionError> {
        self.set(T::parse(text).map_err(|reason| self.invalid(text.to_owned(), reason))?)
    }

    fn parse_list(&self, texts: &[String]) -> Result<(), OptionError> {
        self.set(T::parse_list(texts).map_err(|reason| self.invalid(texts.join(","), reason))?)
    }

    fn show(&self) -> String {
        self.value().show()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The name as it is compared and told: dashes and underscores are the same.
pub(super) fn normalized(name: &str) -> String {
    name.replace('_', "-")
}
