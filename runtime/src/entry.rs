//! What `#[gustnado::main]` and `#[gustnado::test]` expand to: a loop for one coroutine.

use crate::ioloop::{IOLoop, RunSyncError};
use std::future::Future;
use std::time::Duration;

/// A test may take so long, as in Tornado.
const DEFAULT_TEST_TIMEOUT: f64 = 5.0;

/// Who holds the loop for so long in a debug build is named in the log, as in a debug build of Python's asyncio.
const DEFAULT_BLOCKING_LOG_THRESHOLD: f64 = if cfg!(debug_assertions) { 0.1 } else { 0.0 };

/// Runs `future` on a loop of its own, and ends the loop with it.
///
/// The loop is [watched](IOLoop::set_blocking_log_threshold) with the threshold, in seconds, that the environment variable
/// `GUSTNADO_BLOCKING_LOG_THRESHOLD` says; without one, of 0.1 seconds in debug builds, and not at all in others. 0 is not at all.
///
/// # Panics
///
/// If the system has no descriptor left for a loop, or the loop is stopped before `future` is done.
#[track_caller]
pub fn run_main<F: Future>(future: F) -> F::Output {
    let io_loop = new_loop();
    let threshold =
        environment_seconds("GUSTNADO_BLOCKING_LOG_THRESHOLD", |seconds| seconds >= 0.0)
            .unwrap_or(DEFAULT_BLOCKING_LOG_THRESHOLD);
    if threshold > 0.0 {
        io_loop.set_blocking_log_threshold(Duration::try_from_secs_f64(threshold).ok());
    }
    let result = io_loop.run_sync(future);
    io_loop.close();
    output_of(result, "main")
}

/// Runs a test on a loop of its own, for `limit` seconds at most; without one, for what the environment variable
/// `ASYNC_TEST_TIMEOUT` says, or five seconds.
///
/// # Panics
///
/// With the panic of the test; when it takes too long; or if it stops its loop.
pub fn run_test<F: Future>(name: &str, limit: Option<f64>, future: F) -> F::Output {
    let environment_limit = || environment_seconds("ASYNC_TEST_TIMEOUT", |limit| limit > 0.0);
    let limit = limit.or_else(environment_limit).unwrap_or(DEFAULT_TEST_TIMEOUT);
    // One too large to be told is as good as none.
    let limit = Duration::try_from_secs_f64(limit).unwrap_or(Duration::MAX);
    let io_loop = new_loop();
    // Another test's, left behind on this thread by a panic, must not be where this one spawns.
    io_loop.make_current();
    let result = io_loop.run_sync_within(limit, future);
    io_loop.close();
    output_of(result, name)
}

fn environment_seconds(name: &str, is_valid: impl FnOnce(f64) -> bool) -> Option<f64> {
    let text = std::env::var(name).ok()?;
    match text.parse() {
        Ok(seconds) if is_valid(seconds) => Some(seconds),
        _ => panic!("{name}={text:?} is not a number of seconds"),
    }
}

fn new_loop() -> IOLoop {
    match IOLoop::new() {
        Ok(io_loop) => io_loop,
        Err(error) => panic!("cannot make an event loop: {error}"),
    }
}

fn output_of<T>(result: Result<T, RunSyncError>, name: &str) -> T {
    match result {
        Ok(output) => output,
        Err(RunSyncError::Timeout(limit)) => {
            panic!("Async operation timed out after {} seconds: {name}", limit.as_secs_f64())
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coroutine::sleep;
    use std::panic::catch_unwind;

    fn panic_of(test: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let payload = catch_unwind(test).unwrap_err();
        crate::ioloop::panic_message(&*payload).to_owned()
    }

    #[test]
    fn a_test_that_hangs_fails_with_its_name() {
        let hang = || run_test("tests::hang", Some(0.01), sleep(Duration::from_secs(60)));
        assert_eq!(panic_of(hang), "Async operation timed out after 0.01 seconds: tests::hang");
    }

    #[test]
    fn a_test_that_panics_fails_with_its_panic_and_leaves_no_loop_to_the_next() {
        let fail = || run_test("tests::fail", None, async { panic!("as it must") });
        assert_eq!(panic_of(fail), "as it must");
        assert_eq!(run_test("tests::next", None, async { 1 }), 1);
        assert!(IOLoop::try_current().is_none());
    }

    #[test]
    fn main_watches_its_loop_in_debug_builds() {
        let threshold = run_main(async { IOLoop::current().blocking_log_threshold() });
        assert_eq!(threshold, cfg!(debug_assertions).then_some(Duration::from_millis(100)));
    }

    #[test]
    fn main_returns_what_its_coroutine_does() {
        assert_eq!(
            run_main(async {
                sleep(Duration::ZERO).await;
                7
            }),
            7
        );
        assert!(IOLoop::try_current().is_none());
    }

    #[test]
    fn a_main_that_stops_its_loop_says_so() {
        let stop = || {
            run_main(async {
                IOLoop::current().stop();
                std::future::pending::<()>().await;
            });
        };
        assert_eq!(panic_of(stop), "main: Event loop stopped before Future completed.");
    }
}
