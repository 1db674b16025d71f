//! tokio's rows of the coroutine table: `coroutines-tokio [--local-set]`.
//!
//! Both of its ways to run tasks that are not `Send`: its `LocalRuntime`, and a `LocalSet` on the
//! current-thread runtime.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::{self, LocalSet};
use tokio::time;
use workload::{Runtime, Yield};

#[path = "../../../../src/workload.rs"]
mod workload;

#[derive(Clone, Copy)]
struct Tokio;

impl Runtime for Tokio {
    fn spawn<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        task::spawn_local(future)
    }

    fn yield_now(self) -> impl Future {
        task::yield_now()
    }

    fn sleep(self, duration: Duration) -> impl Future + 'static {
        time::sleep(duration)
    }

    fn with_timeout(self, limit: Duration, future: Yield) -> impl Future {
        time::timeout(limit, future)
    }

    fn multi<F>(self, children: Vec<F>) -> impl Future
    where
        F: Future<Output = Result<usize, Infallible>> + 'static,
    {
        try_join_all(children)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let work = async { task::spawn_local(workload::measure_all(Tokio)).await };
    let mut builder = Builder::new_current_thread();
    builder.enable_all();
    if std::env::args().any(|argument| argument == "--local-set") {
        LocalSet::new().block_on(&builder.build()?, work)?;
    } else {
        builder.build_local(LocalOptions::default())?.block_on(work)?;
    }
    Ok(())
}
