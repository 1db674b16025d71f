//! A test: its limit, and what it leaves behind.

use super::{environment_seconds, new_loop};
use crate::coroutine::sleep;
use crate::ioloop::{Findings, IOLoop, RunSyncError};
use std::future::Future;
use std::io::Write;
use std::process::{ExitCode, Termination};
use std::time::Duration;

/// What `#[gustnado::test]` says of a test.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// With its module.
    pub name: &'static str,
    /// In seconds.
    pub limit: Option<f64>,
    /// What becomes of a test that leaks.
    pub leaks: Leaks,
}

/// What becomes of a test that succeeds, but leaves tasks or sockets behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaks {
    /// Nothing.
    Allow,
    /// It succeeds, and a warning is printed.
    Warn,
    /// It fails.
    Deny,
}

/// A test may take so long, as in Tornado.
const DEFAULT_TIMEOUT: f64 = 5.0;

/// After its end, a test's tasks have so many more turns to end, too.
const LAST_TURNS: u32 = 16;

/// Runs a test on a loop of its own, until its limit.
///
/// # Panics
///
/// When it fails, in whatever way.
pub fn run_test<T: Termination>(test: Test, future: impl Future<Output = T>) {
    let limit = test.limit.map_or_else(async_test_timeout, seconds);
    let io_loop = new_loop();
    // Another test's, left behind on this thread by a panic, must not be where this one spawns.
    io_loop.make_current();
    match examine(io_loop, test.leaks, Some(limit), future) {
        Ok(None) => {}
        Ok(Some(warning)) => warn(test.name, &warning),
        Err(Failure::Panic(message)) => panic!("{message}"),
        Err(Failure::Stuck(Some(what), waits)) => panic!("{}: {what}\n{waits}", test.name),
        Err(Failure::Stuck(None, waits)) => {
            let limit = limit.as_secs_f64();
            panic!("Async operation timed out after {limit} seconds: {}\n{waits}", test.name)
        }
        Err(Failure::Other(what)) => panic!("{}{what}", test.name),
    }
}

/// Why a test has failed, if it has not panicked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A panic that nobody has heard of, such as that of a callback, or of a task that nobody joins.
    Panic(String),
    /// It went on no longer: why, if it was not the limit, and where everybody waits.
    Stuck(Option<String>, String),
    /// It has returned an error, or left something behind. Goes behind the test's name.
    Other(String),
}

/// Runs a test on `io_loop`, for `limit` at most, and ends the loop. The test may succeed with a warning.
pub(crate) fn examine<T: Termination>(
    io_loop: IOLoop,
    leaks: Leaks,
    limit: Option<Duration>,
    test: impl Future<Output = T>,
) -> Result<Option<String>, Failure> {
    io_loop.begin_test();
    // A callback that held its loop would keep it for ever, if a panic leaves it behind.
    let timeout = limit.map(|limit| io_loop.call_later(limit, || IOLoop::current().give_up_test()));
    let result = io_loop.run_sync(test);
    timeout.into_iter().for_each(|timeout| io_loop.remove_timeout(timeout));
    if result.is_ok() {
        last_turns(&io_loop);
    }
    let Findings { panicked, stuck, left } = io_loop.end_test();
    io_loop.close();
    if let Some(message) = panicked {
        return Err(Failure::Panic(message));
    }
    let waits = stuck.map(|dump| indented(&dump.waits("the test")));
    let output = match (result, waits) {
        (Err(RunSyncError::Poll(error)), waits) => {
            return Err(Failure::Stuck(Some(error.to_string()), waits.unwrap_or_default()));
        }
        // Perhaps it ended when it was polled once more; that was too late.
        (_, Some(waits)) => return Err(Failure::Stuck(None, waits)),
        (Err(error), None) => return Err(Failure::Other(format!(": {error}"))),
        (Ok(output), None) => output,
    };
    let has_failed = output.report() != ExitCode::SUCCESS;
    let left = (leaks != Leaks::Allow && !left.is_empty())
        .then(|| format!(" left behind:\n{}", indented(&left)));
    match left {
        _ if has_failed => {
            let left = left.map(|left| format!("; it{left}")).unwrap_or_default();
            Err(Failure::Other(format!(": it has returned an error{left}")))
        }
        Some(left) if leaks == Leaks::Deny => Err(Failure::Other(left)),
        left => Ok(left),
    }
}

/// Prints a warning past the harness, which shows what it has captured only of tests that fail.
pub(crate) fn warn(name: &str, warning: &str) {
    // Who cannot be warned is not.
    let _ = write!(std::io::stderr(), "warning: {name}{warning}");
}

/// How long a test may take that does not say so itself: what the environment variable `ASYNC_TEST_TIMEOUT` says, or five seconds.
pub(crate) fn async_test_timeout() -> Duration {
    let limit = environment_seconds("ASYNC_TEST_TIMEOUT", |limit| limit > 0.0);
    seconds(limit.unwrap_or(DEFAULT_TIMEOUT))
}

/// One too large to be told is as good as none.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// Lets what has been told to end do so.
fn last_turns(io_loop: &IOLoop) {
    // For the loop to hear of sockets, time must pass. In an invented world it is for free, but news travel for a while.
    let turn =
        if io_loop.is_simulated() { Duration::from_secs(1) } else { Duration::from_nanos(1) };
    for _ in 0..LAST_TURNS {
        if io_loop.is_deserted() {
            return;
        }
        // It is no news if somebody stops the loop.
        let _ = io_loop.run_sync(async { sleep(turn).await });
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::panic_of;
    use super::*;

    fn run<T: Termination>(name: &'static str, future: impl Future<Output = T>) {
        run_test(Test { name, limit: Some(0.01), leaks: Leaks::Deny }, future);
    }

    #[test]
    fn a_test_that_hangs_fails_with_its_name() {
        let text = panic_of(|| run("tests::hang", async { sleep(Duration::from_secs(60)).await }));
        let (first, rest) = text.split_once('\n').unwrap();
        assert_eq!(first, "Async operation timed out after 0.01 seconds: tests::hang");
        assert!(rest.starts_with("  the test waits at\n"), "{text}");
    }

    #[test]
    fn a_test_that_panics_fails_with_its_panic_and_leaves_no_loop_to_the_next() {
        assert_eq!(panic_of(|| run("tests::fail", async { panic!("as it must") })), "as it must");
        run("tests::next", async {});
        assert!(IOLoop::try_current().is_none());
    }

    #[test]
    fn a_test_that_returns_an_error_fails() {
        run("tests::succeed", async { "7".parse::<u8>().map(drop) });
        let failing = || run("tests::fail", async { "seven".parse::<u8>().map(drop) });
        assert_eq!(panic_of(failing), "tests::fail: it has returned an error");
    }

    #[test]
    fn a_test_that_stops_its_loop_fails() {
        let stopping = || {
            run("tests::stop", async {
                IOLoop::current().stop();
                std::future::pending::<()>().await;
            });
        };
        let text = "tests::stop: Event loop stopped before Future completed.";
        assert_eq!(panic_of(stopping), text);
    }
}
