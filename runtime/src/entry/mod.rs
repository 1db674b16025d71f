//! What `#[gustnado::main]` and `#[gustnado::test]` expand to: a loop for one coroutine.

mod test;

pub(crate) use test::{Failure, async_test_timeout, examine, seconds, warn};
pub use test::{Leaks, Test, run_test};

use crate::ioloop::{IOLoop, RunSyncError};
use std::future::Future;
use std::time::Duration;

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
        Err(error) => panic!("{name}: {error}"),
    }
}

#[cfg(test)]
fn panic_of(run: impl FnOnce()) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_err();
    crate::ioloop::panic_message(&*payload).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coroutine::sleep;

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
