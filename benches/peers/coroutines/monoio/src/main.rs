//! monoio's rows of the coroutine table, on its epoll driver.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::time::Duration;

use futures_util::future::try_join_all;
use monoio::{LegacyDriver, RuntimeBuilder, time};
use workload::{Runtime, Yield};

#[path = "../../../../src/workload.rs"]
mod workload;

#[derive(Clone, Copy)]
struct Monoio;

impl Runtime for Monoio {
    const YIELDS: bool = false;

    fn spawn<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        monoio::spawn(future)
    }

    fn yield_now(self) -> impl Future {
        Yield::default()
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
    let mut runtime = RuntimeBuilder::<LegacyDriver>::new().enable_timer().build()?;
    runtime.block_on(async { monoio::spawn(workload::measure_all(Monoio)).await });
    Ok(())
}
