//! Running something in a simulated world: once, or once with each of many seeds.

use super::{Simulation, Stuck};
use crate::ioloop::{IOLoop, RunSyncError};
use crate::sys::Limits;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::{ExitCode, Termination};
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
        let limits = Limits { simulated: limit, real: REAL_LIMIT };
        let io_loop = match IOLoop::simulated(seed, limits) {
            Ok(io_loop) => io_loop,
            Err(error) => panic!("cannot make a simulated loop: {error}"),
        };
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

/// Runs a test in a world of its own with each seed, for `limit` seconds of simulated time at most; a day, if there is none.
///
/// # Panics
///
/// When it fails with a seed, which is printed.
pub fn run_simulated<T: Termination>(
    name: &str,
    limit: Option<f64>,
    seeds: Option<u64>,
    test: impl AsyncFn() -> T,
) {
    // One too large to be told is as good as none.
    let limit =
        limit.map_or(DAY, |limit| Duration::try_from_secs_f64(limit).unwrap_or(Duration::MAX));
    let (first, count) = match (environment("GUSTNADO_SEED"), environment("GUSTNADO_SEEDS")) {
        (Some(seed), _) => (seed, 1),
        (None, count) => (0, count.or(seeds).unwrap_or(SEEDS)),
    };
    for seed in first..first.saturating_add(count) {
        // Another test's loop, left behind on this thread by a panic, is not this one's business.
        IOLoop::clear_current();
        let run = || Simulation::run_within(seed, limit, &test).map(Termination::report);
        let failure = match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(ExitCode::SUCCESS)) => continue,
            Ok(Ok(_)) => "it has returned an error".to_owned(),
            Ok(Err(stuck)) => stuck.to_string(),
            Err(payload) => {
                eprintln!("{}", how_to_repeat(name, seed));
                resume_unwind(payload);
            }
        };
        panic!("{name}: {failure}\n{}", how_to_repeat(name, seed));
    }
}

fn how_to_repeat(name: &str, seed: u64) -> String {
    // The harness knows its tests without the name of their crate.
    let name = name.split_once("::").map_or(name, |(_, name)| name);
    format!("it failed with seed {seed}; to run that again: GUSTNADO_SEED={seed} cargo test {name}")
}

fn environment(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    match value.parse() {
        Ok(number) => Some(number),
        Err(_) => panic!("{variable}={value:?} is not a number"),
    }
}
