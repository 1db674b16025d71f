//! smol's rows of the coroutine table: its `LocalExecutor`, and the timers of `async-io`.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use futures_util::future::try_join_all;
use smol::future::{or, yield_now};
use smol::{LocalExecutor, Timer};
use workload::{Runtime, Yield};

#[path = "../../../../src/workload.rs"]
mod workload;

/// It has no current executor, so that what spawns has to hold it.
#[derive(Clone, Copy)]
struct Smol(&'static LocalExecutor<'static>);

impl Runtime for Smol {
    fn spawn<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.0.spawn(future)
    }

    fn yield_now(self) -> impl Future {
        yield_now()
    }

    fn sleep(self, duration: Duration) -> impl Future + 'static {
        Timer::after(duration)
    }

    fn with_timeout(self, limit: Duration, future: Yield) -> impl Future {
        or(
            async {
                future.await;
                Some(())
            },
            async move {
                Timer::after(limit).await;
                None
            },
        )
    }

    fn multi<F>(self, children: Vec<F>) -> impl Future
    where
        F: Future<Output = Result<usize, Infallible>> + 'static,
    {
        try_join_all(children)
    }

    const EXECUTORS: bool = true;

    fn run_blocking(self, job: impl FnOnce() -> usize + Send + 'static) -> impl Future {
        smol::unblock(job)
    }
}

fn main() {
    let executor: &LocalExecutor = Box::leak(Box::new(LocalExecutor::new()));
    let work = executor.spawn(workload::measure_all(Smol(executor)));
    smol::block_on(executor.run(work));
}
