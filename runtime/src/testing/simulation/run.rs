//! Running something in a simulated world: once, or once with each of many seeds.

use super::{Simulation, Stuck};
use crate::entry::{Failure, Test, examine, seconds, warn};
use crate::ioloop::{IOLoop, RunSyncError};
use crate::sys::Limits;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::Termination;
use std::time::Duration;

/// How much time may pass in a world: enough for anything that happens once a day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How much real time a world may take. Most are over in milliseconds.
const REAL_LIMIT: Duration = Duration::from_secs(30);

/// With so many seeds a test is run, if neither it nor the environment says another number.
const SEEDS: u64 = 10;

impl Simulation {
    /// Runs `main` in a world of its own, which follows from `seed`. A day may pass in it.
    ///
    /// This is what [`#[gustnado::test(simulated)]`](macro@crate::test) does with each seed; to be used where that cannot be.
    ///
    /// # Errors
    ///
    /// Why the world did not go on until `main` was done.
    ///
    /// # Panics
    ///
    /// With the panic of `main`; if it stops its loop; or if there are 4096 loops in the process.
    pub fn run<T>(seed: u64, main: impl AsyncFnOnce() -> T) -> Result<T, Stuck> {
        Self::run_within(seed, DAY, main)
    }

    /// Like [`run`](Self::run), with another limit.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_within<T>(
        seed: u64,
        limit: Duration,
        main: impl AsyncFnOnce() -> T,
    ) -> Result<T, Stuck> {
        let io_loop = new_loop(seed, limit);
        let result = io_loop.run_sync(async { main().await });
        io_loop.close();
        result.map_err(|error| match error {
            RunSyncError::Poll(error) => match error.downcast() {
                Ok(stuck) => stuck,
                Err(error) => panic!("the simulated world has failed: {error}"),
            },
            error => panic!("{error}"),
        })
    }
}

fn new_loop(seed: u64, limit: Duration) -> IOLoop {
    match IOLoop::simulated(seed, Limits { simulated: limit, real: REAL_LIMIT }) {
        Ok(io_loop) => io_loop,
        Err(error) => panic!("cannot make a simulated loop: {error}"),
    }
}

/// Runs a test in a world of its own with each seed, until its limit of simulated time; for a day, if it has none.
///
/// # Panics
///
/// When it fails with a seed, which is printed.
pub fn run_simulated<T: Termination>(test: Test, seeds: Option<u64>, make: impl AsyncFn() -> T) {
    let limit = test.limit.map_or(DAY, seconds);
    let (only, count) = (environment("GUSTNADO_SEED", 0), environment("GUSTNADO_SEEDS", 1));
    let seeds = match only {
        Some(seed) => seed..=seed,
        None => 0..=count.or(seeds).unwrap_or(SEEDS).max(1) - 1,
    };
    let mut warning = None;
    for seed in seeds {
        // Another test's loop, left behind on this thread by a panic, is not this one's business.
        IOLoop::clear_current();
        let run = || examine(new_loop(seed, limit), test.leaks, None, async { make().await });
        let repeat = how_to_repeat(test.name, seed);
        match catch_unwind(AssertUnwindSafe(run)) {
            // The same with every seed, most likely.
            Ok(Ok(new)) => warning = warning.or(new),
            Err(payload) => {
                eprintln!("{repeat}");
                resume_unwind(payload);
            }
            Ok(Err(Failure::Panic(message))) => panic!("{message}\n{repeat}"),
            Ok(Err(Failure::Stuck(what, waits))) => {
                panic!("{}: {}\n{repeat}\n{waits}", test.name, what.unwrap_or_default())
            }
            Ok(Err(Failure::Other(what))) => panic!("{}{what}\n{repeat}", test.name),
        }
    }
    if let Some(warning) = warning {
        warn(test.name, &warning);
    }
}

fn how_to_repeat(name: &str, seed: u64) -> String {
    // The harness knows its tests without the name of their crate.
    let name = name.split_once("::").map_or(name, |(_, name)| name);
    format!("it failed with seed {seed}; to run that again: GUSTNADO_SEED={seed} cargo test {name}")
}

/// What the environment says, which must be `least` at least.
fn environment(variable: &str, least: u64) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    match value.parse() {
        Ok(number) if number >= least => Some(number),
        _ => panic!("{variable}={value:?} is not a number from {least} on"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coroutine::moment;

    #[test]
    fn a_world_in_which_something_is_done_for_ever_ends_in_real_life() {
        let limits = Limits { simulated: Duration::MAX, real: Duration::ZERO };
        let io_loop = IOLoop::simulated(1, limits).unwrap();
        let busy = io_loop.run_sync(async {
            loop {
                moment().await;
            }
        });
        let Err(RunSyncError::Poll(error)) = busy else { panic!("it never ends") };
        assert_eq!(error.downcast::<Stuck>().unwrap(), Stuck::Livelock(Duration::ZERO));
        io_loop.close();
    }
}
