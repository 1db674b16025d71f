//! A set of options.

use super::config;
use super::error::OptionError;
use super::help;
use super::opt::{Entry, Opt, normalized};
use super::types::OptionType;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A set of options. A clone is the same set, also on another thread.
///
/// Two sets are independent of each other, so the rest of one may be the command line of another:
///
/// ```
/// use gustnado::options::OptionParser;
///
/// let (program, command) = (OptionParser::new(), OptionParser::new());
/// let verbose = program.define("verbose", false);
/// let depth = command.define("depth", 1_u32);
///
/// let rest = program.parse_args(["program", "--verbose", "crawl", "--depth=3"])?;
/// assert_eq!(rest[0], "crawl");
/// assert!(command.parse_args(rest)?.is_empty());
/// assert_eq!((verbose.value(), depth.value()), (true, 3));
/// # Ok::<(), gustnado::options::OptionError>(())
/// ```
#[derive(Clone, Default)]
pub struct OptionParser(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    entries: Vec<Arc<dyn Entry>>,
    problems: Vec<OptionError>,
    callbacks: Vec<Callback>,
}

type Callback = Arc<dyn Fn() -> Result<(), OptionError> + Send + Sync>;

impl OptionParser {
    /// No options but `--help`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an option. Its type is that of its default: `Some` or `None` for one that may be left out, a `Vec` for one with several
    /// values; see [`OptionType`].
    ///
    /// A second option of that name, whether with dashes or underscores, is an error of the parsing.
    #[track_caller]
    pub fn define<T: OptionType>(&self, name: &str, default: T) -> Opt<T> {
        let option = Opt::new(name, default, Location::caller());
        let mut table = self.table();
        let known = table.find(name).map(|entry| entry.location().to_string());
        let first = if normalized(name) == "help" { Some(file!().to_owned()) } else { known };
        match first {
            Some(first) => {
                let second = option.location().to_string();
                let name = normalized(name);
                table.problems.push(OptionError::Twice { name, first, second });
            }
            None => table.entries.push(Arc::new(option.clone())),
        }
        option
    }

    /// Adds an option that names a [file of options](Self::parse_config_file), which is read there and then: what comes before it on
    /// the command line is overridden by the file, and what comes behind overrides it.
    #[track_caller]
    pub fn define_config_file(&self, name: &str) -> Opt<Option<PathBuf>> {
        // The option is in the table, so it must not hold it.
        let options = self.downgrade();
        let read = move |path: &Option<PathBuf>| match (path, options.upgrade()) {
            (Some(path), Some(options)) => options.parse_config_file(path),
            _ => Ok(()),
        };
        self.define(name, None).metavar("PATH").help("a file of options").callback(read)
    }

    /// Reads the command line of the process, and calls the [parse callbacks](Self::add_parse_callback). Returns what is no option:
    /// all from the first argument on that does not begin with a dash, or from behind `--`.
    ///
    /// If `--help` is among it, prints what options there are, and ends the process.
    ///
    /// # Errors
    ///
    /// Options that are unknown, lack a value, or have one that is not theirs; options that were defined twice; those of callbacks.
    pub fn parse_command_line(&self) -> Result<Vec<String>, OptionError> {
        let mut arguments = Vec::new();
        for argument in std::env::args_os() {
            let text = argument.into_string();
            let refuse = |raw| OptionError::msg(format!("the argument {raw:?} is not UTF-8"));
            arguments.push(text.map_err(refuse)?);
        }
        match self.parse_args(arguments) {
            Ok(rest) => self.run_parse_callbacks().map(|()| rest),
            Err(OptionError::Help(text)) => {
                print!("{text}");
                std::process::exit(0)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads these arguments, of which the first is the name of the program. Nobody is told that the parsing is done: Tornado's
    /// `parse_command_line(args, final=False)`.
    ///
    /// # Errors
    ///
    /// As [`parse_command_line`](Self::parse_command_line); and [`OptionError::Help`].
    pub fn parse_args(
        &self,
        arguments: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Vec<String>, OptionError> {
        if let Some(problem) = self.table().problems.first() {
            return Err(problem.clone());
        }
        let mut arguments = arguments.into_iter().map(Into::into);
        let program = arguments.next().unwrap_or_default();
        while let Some(argument) = arguments.next() {
            let option = match argument.trim_start_matches('-') {
                "" if argument == "--" => break,
                option if option != argument && !option.is_empty() => option,
                _ => return Ok(std::iter::once(argument).chain(arguments).collect()),
            };
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (option, None),
            };
            if normalized(name) == "help" {
                return Err(OptionError::Help(self.help(&program)));
            }
            let entry = self.entry(name)?;
            match value {
                Some(value) => entry.parse(value)?,
                None if entry.is_flag() => entry.parse("true")?,
                None => return Err(OptionError::NoValue { name: normalized(name) }),
            }
        }
        Ok(arguments.collect())
    }

    /// Reads a file of options, in UTF-8:
    ///
    /// ```text
    /// # What follows a hash is for people.
    /// port = 80
    /// mysql_host = 'mydb.example.com:3306'
    /// memcache_hosts = ['cache1.example.com:11011',
    ///                   'cache2.example.com:11011']
    /// timeout = 1h 30m
    /// state = __file__        # the path of this file
    /// ```
    ///
    /// The files of Tornado that have no code in them can be read. A text for an option of another type means what it would mean on
    /// the command line. Nobody is told that the parsing is done. It blocks: it is for the beginning of a program.
    ///
    /// # Errors
    ///
    /// What the system says of the file; a line that is none of the above; options that are unknown, which Tornado ignores, or
    /// that have a value that is not theirs; those of callbacks.
    pub fn parse_config_file(&self, path: impl AsRef<Path>) -> Result<(), OptionError> {
        let path = path.as_ref();
        let fail = |line: Option<usize>, reason: String| {
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            OptionError::Config { place: format!("{}{line}", path.display()), reason }
        };
        let bytes = std::fs::read(path).map_err(|error| fail(None, error.to_string()))?;
        let text = std::str::from_utf8(&bytes).map_err(|error| fail(None, error.to_string()))?;
        let settings = config::parse(text).map_err(|(line, reason)| fail(Some(line), reason))?;
        for setting in settings {
            let apply = |name: &str| {
                let entry = self.entry(name)?;
                match &setting.value {
                    config::Value::One(text) => entry.parse(text),
                    config::Value::Many(texts) => entry.parse_list(texts),
                    config::Value::File => {
                        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
                        entry.parse(&path.to_string_lossy())
                    }
                }
            };
            apply(&setting.name).map_err(|error| fail(Some(setting.line), error.to_string()))?;
        }
        Ok(())
    }

    /// What is called at the end of each parsing, when all values are known.
    pub fn add_parse_callback(
        &self,
        callback: impl Fn() -> Result<(), OptionError> + Send + Sync + 'static,
    ) {
        self.table().callbacks.push(Arc::new(callback));
    }

    /// Says that the parsing is done, for who has not called [`parse_command_line`](Self::parse_command_line).
    ///
    /// # Errors
    ///
    /// That of the first callback that fails.
    pub fn run_parse_callbacks(&self) -> Result<(), OptionError> {
        let callbacks = self.table().callbacks.clone();
        callbacks.iter().try_for_each(|callback| callback())
    }

    /// What `--help` prints, for a program of this name.
    pub fn help(&self, program: &str) -> String {
        help::text(program, &self.table().entries)
    }

    /// Prints what `--help` does to the standard error.
    pub fn print_help(&self) {
        let program = std::env::args_os().next().unwrap_or_default();
        eprint!("{}", self.help(&program.to_string_lossy()));
    }

    /// The value of the option of this name.
    ///
    /// # Errors
    ///
    /// There is none, or it is of another type.
    ///
    /// ```
    /// use gustnado::options::OptionParser;
    ///
    /// let options = OptionParser::new();
    /// let _port = options.define("http-port", 80_u16);
    /// assert_eq!(options.value::<u16>("http_port"), Ok(80));
    /// assert!(options.value::<String>("http_port").is_err());
    /// ```
    pub fn value<T: OptionType>(&self, name: &str) -> Result<T, OptionError> {
        self.opt(name).map(|option| option.value())
    }

    /// Gives the option of this name another value. Nothing is parsed: the type has to be the option's.
    ///
    /// # Errors
    ///
    /// There is none, or it is of another type; that of its callback.
    pub fn set<T: OptionType>(&self, name: &str, value: T) -> Result<(), OptionError> {
        self.opt(name)?.set(value)
    }

    /// The option of this name.
    ///
    /// # Errors
    ///
    /// There is none, or it is of another type.
    pub fn opt<T: OptionType>(&self, name: &str) -> Result<Opt<T>, OptionError> {
        let entry = self.entry(name)?;
        let option = entry.as_any().downcast_ref::<Opt<T>>().cloned();
        let name = normalized(name);
        option.ok_or_else(|| OptionError::Type { name, expected: entry.type_name() })
    }

    /// Whether there is an option of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.table().find(name).is_some()
    }

    /// The options as they were named, and their values, as text. Tornado's `items` and `as_dict`.
    pub fn items(&self) -> BTreeMap<String, String> {
        self.items_of(|_| true)
    }

    /// The groups that there are.
    pub fn groups(&self) -> BTreeSet<String> {
        self.table().entries.iter().map(|entry| entry.group()).collect()
    }

    /// The [items](Self::items) of one group.
    pub fn group_dict(&self, group: &str) -> BTreeMap<String, String> {
        self.items_of(|entry| entry.group() == group)
    }

    fn items_of(&self, wanted: impl Fn(&dyn Entry) -> bool) -> BTreeMap<String, String> {
        let table = self.table();
        let wanted = table.entries.iter().filter(|entry| wanted(&***entry));
        wanted.map(|entry| (entry.name().to_owned(), entry.show())).collect()
    }

    fn entry(&self, name: &str) -> Result<Arc<dyn Entry>, OptionError> {
        let table = self.table();
        table.find(name).cloned().ok_or_else(|| OptionError::Unknown {
            name: normalized(name),
            suggestion: help::nearest(&normalized(name), &table.entries),
        })
    }

    /// The same set, for callbacks that it holds itself.
    pub(crate) fn downgrade(&self) -> WeakOptionParser {
        WeakOptionParser(Arc::downgrade(&self.0))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A set of options that does not keep it alive.
pub(crate) struct WeakOptionParser(Weak<Mutex<Table>>);

impl WeakOptionParser {
    pub(crate) fn upgrade(&self) -> Option<OptionParser> {
        self.0.upgrade().map(OptionParser)
    }
}

impl Table {
    fn find(&self, name: &str) -> Option<&Arc<dyn Entry>> {
        let name = normalized(name);
        self.entries.iter().find(|entry| normalized(entry.name()) == name)
    }
}

impl fmt::Debug for OptionParser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.items()).finish()
    }
}
