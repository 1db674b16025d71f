//! Where a coroutine waits, found out by polling it once more.
//!
//! Whatever a coroutine waits for keeps its waker. So it is polled with a waker of the same task that takes a backtrace whenever
//! it is cloned, or woken at once: the stack of that moment is the chain of async functions that wait for each other. A clone
//! is an ordinary waker, so nothing is left behind, and nothing has to be known of what is waited for.
//!
//! A backtrace can only be printed, so the names are read from its text. Should that ever look different, it is shown as it is.

use std::backtrace::Backtrace;
use std::cell::RefCell;

thread_local! {
    /// What was noted since the beginning of a probe; `None` while there is none.
    static NOTED: RefCell<Option<Vec<Backtrace>>> = const { RefCell::new(None) };
}

/// The function below which a stack is not the coroutine's any more, as it is named in backtraces; and the one above.
const BOTTOM: &str = concat!(module_path!(), "::bottom");
const TOP: &str = concat!(module_path!(), "::note");

/// What is never the user's, wherever it was compiled.
const LIBRARIES: [&str; 4] = ["std", "core", "alloc", "gustnado"];

/// What is said of a stack.
#[derive(PartialEq, Eq)]
pub(super) struct Lines {
    /// From the outermost async function to the innermost, and what that one awaits.
    pub(super) lines: Vec<String>,
    /// Whether some of it is not gustnado's.
    pub(super) is_of_users: bool,
}

/// Polls a coroutine through `poll`, and returns the stacks on which it left its waker.
pub(super) fn stacks(mut poll: impl FnMut()) -> Vec<Backtrace> {
    NOTED.set(Some(Vec::new()));
    bottom(&mut poll);
    NOTED.take().unwrap_or_default()
}

#[inline(never)]
fn bottom(poll: &mut dyn FnMut()) {
    poll();
    // Without something after it, the call might be a jump, and this function not on the stack.
    std::hint::black_box(());
}

/// Keeps the present stack, if a probe is made.
#[inline(never)]
pub(super) fn note() {
    // Taken before the borrow, although nothing foreign runs meanwhile: it takes long.
    let stack = Backtrace::force_capture();
    NOTED.with_borrow_mut(|noted| noted.as_mut().map(|noted| noted.push(stack)));
}

/// Reads the text of a backtrace.
pub(super) fn lines(stack: &str) -> Lines {
    let mut frames = frames(stack).skip_while(|frame| !frame.0.starts_with(TOP)).peekable();
    let Some((_, top)) = frames.peek() else {
        return Lines { lines: stack.lines().map(str::to_owned).collect(), is_of_users: true };
    };
    // Where our own sources are, told in the same way.
    let ours = top.and_then(|place| place.split_once("ioloop/probe.rs")).map(|(ours, _)| ours);
    let is_ours = |place: &str| ours.is_some_and(|ours| place.starts_with(ours));
    let mut awaited = None;
    let mut lines: Vec<String> = Vec::new();
    for (name, place) in frames.take_while(|(name, _)| !name.starts_with(BOTTOM)) {
        let name = Name::new(name);
        match place {
            Some(place)
                if !name.is_of_a_library()
                    && !is_ours(place)
                    && !is_in_the_standard_library(place) =>
            {
                let place = place.strip_prefix("./").unwrap_or(place);
                let line = match name.readable() {
                    // What was inlined may have lost its name.
                    name if name.is_empty() => place.to_owned(),
                    name => format!("{name} ({place})"),
                };
                if lines.last() != Some(&line) {
                    lines.push(line);
                }
            }
            _ if lines.is_empty() && name.is_ours() => awaited = Some(name.readable()),
            _ => {}
        }
    }
    let is_of_users = !lines.is_empty();
    lines.reverse();
    lines.extend(awaited);
    Lines { lines, is_of_users }
}

/// The names and places in the text of a backtrace, from the innermost.
fn frames(stack: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut lines = stack.lines().map(str::trim_start).peekable();
    std::iter::from_fn(move || {
        let line = lines.next()?;
        // Functions that were inlined have no number.
        let name = match line.split_once(": ") {
            Some((number, name)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => line,
        };
        let place = lines.next_if(|line| line.starts_with("at ")).map(|line| &line[3..]);
        Some((name, place))
    })
}

fn is_in_the_standard_library(place: &str) -> bool {
    place.starts_with("/rustc/") || place.contains("/lib/rustlib/src/rust/library/")
}

/// A function's name in a backtrace, such as `<app::Fetch as core::future::future::Future>::poll` or `app::fetch::{{closure}}`.
struct Name<'a> {
    /// The type, if it is the function of one in an `impl`; else the path of the module and the function.
    path: &'a str,
    /// The function, if it is one of a type and says more than `poll`.
    method: Option<&'a str>,
    is_of_type: bool,
}

impl<'a> Name<'a> {
    fn new(name: &'a str) -> Self {
        // `<app::Fetch as Future>::poll`, and `module::<impl app::Fetch>::method`, both perhaps with more brackets inside.
        let inside = match name.strip_prefix('<') {
            Some(inside) => Some(inside),
            None => name.split_once("<impl ").map(|(_, inside)| inside),
        };
        let Some((inside, rest)) = inside.and_then(split_at_closing_bracket) else {
            return Self { path: name, method: None, is_of_type: false };
        };
        let method = rest.trim_start_matches("::");
        let (first, second) = inside.split_once(" as ").unwrap_or((inside, ""));
        // `<impl Trait for Type>`
        let path = match first.split_once(" for ") {
            Some((_, path)) if second.is_empty() => path,
            _ => first,
        };
        let path = path.trim_start_matches(['&', '*']).trim_start_matches("mut ");
        let method = Some(method).filter(|method| !matches!(*method, "" | "poll"));
        Self { path, method, is_of_type: true }
    }

    fn krate(&self) -> &str {
        self.path.split([':', '<']).next().unwrap_or_default()
    }

    /// Whether it is a library's, or a type parameter, which only libraries have around a future.
    fn is_of_a_library(&self) -> bool {
        LIBRARIES.contains(&self.krate()) || self.is_of_type && !self.path.contains("::")
    }

    fn is_ours(&self) -> bool {
        self.krate() == "gustnado"
    }

    fn readable(&self) -> String {
        match self.method {
            Some(method) => readable(&format!("{}::{method}", self.path)),
            None => readable(self.path),
        }
    }
}

/// A path without `{{closure}}`, as which the body of an async function is known, or `{closure#0}`; and without the second of two
/// names that are the same, as `#[gustnado::test]` and `#[gustnado::main]` put a function into one of its name.
pub(super) fn readable(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split("::") {
        if !name.starts_with('{') && names.last() != Some(&name) {
            names.push(name);
        }
    }
    names.join("::")
}

fn split_at_closing_bracket(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1;
    let mut before = ' ';
    for (at, char) in text.char_indices() {
        match char {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
        before = char;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_as_their_authors_know_them() {
        for (name, expected) in [
            ("app::fetch::{{closure}}", "app::fetch"),
            ("app::fetch::{{closure}}::{{closure}}", "app::fetch"),
            ("app::fetch::{closure#0}", "app::fetch"),
            ("<app::Fetch as core::future::future::Future>::poll", "app::Fetch"),
            ("<app::Fetch<T> as core::future::future::Future>::poll", "app::Fetch<T>"),
            ("<&mut app::Fetch as app::Go<fn() -> u8>>::go", "app::Fetch::go"),
            ("app::net::<impl app::Fetch>::go::{{closure}}", "app::Fetch::go"),
            ("app::net::<impl app::Go for app::Fetch>::go", "app::Fetch::go"),
            ("<app::Fetch>::go::{closure#0}", "app::Fetch::go"),
            ("app::Fetch::go", "app::Fetch::go"),
            ("tests::hangs::hangs::{{closure}}", "tests::hangs"),
            ("tests::hangs::hangs::{{closure}}::inner::{{closure}}", "tests::hangs::inner"),
        ] {
            assert_eq!(Name::new(name).readable(), expected, "{name}");
        }
    }

    #[test]
    fn libraries_are_left_out_but_for_what_is_awaited() {
        let stack = "\
   0: std::backtrace::Backtrace::force_capture
             at /rustc/59807616e/library/std/src/backtrace.rs:331:9
   1: gustnado::ioloop::probe::note
             at /src/runtime/src/ioloop/probe.rs:43:17
      run<gustnado::ioloop::task::run::{closure_env#0}>
             at /src/runtime/src/ioloop/locals.rs:190:22
   2: <gustnado::coroutine::sleep::Sleep as core::future::future::Future>::poll
      app::inlined::{{closure}}
             at ./src/app.rs:3:5
   3: <F as core::future::into_future::IntoFuture>::into_future
             at ./src/app.rs:3:5
   4: app::generic<F>
             at /rustc/59807616e/library/core/src/future.rs:3:5
   5: app::outer::{{closure}}
             at ./src/app.rs:9:5
      {async_fn#0}
             at ./src/app.rs:8:5
   6: app::outer::{{closure}}
             at ./src/app.rs:9:5
   7: gustnado::ioloop::task::Task<F>::run
   8: gustnado::ioloop::probe::bottom
   9: app::main
             at ./src/main.rs:1:1
";
        let Lines { lines, is_of_users } = lines(stack);
        assert_eq!(
            lines,
            [
                "app::outer (src/app.rs:9:5)",
                "src/app.rs:8:5",
                "app::outer (src/app.rs:9:5)",
                "app::inlined (src/app.rs:3:5)",
                "gustnado::coroutine::sleep::Sleep"
            ]
        );
        assert!(is_of_users);
        assert!(!super::lines("0: gustnado::ioloop::probe::note\n1: core::f").is_of_users);
        assert_eq!(super::lines("another format\nof lines").lines, ["another format", "of lines"]);
    }
}
