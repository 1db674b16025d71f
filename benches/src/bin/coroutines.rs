//! gustnado's rows of the coroutine table.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::time::Duration;

use gustnado::coroutine::{self, Multi};
use gustnado::ioloop::{self, IOLoop};
use gustnado_benches::workload::{self, Runtime, Yield};

#[derive(Clone, Copy)]
struct Gustnado;

impl Runtime for Gustnado {
    fn spawn<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        ioloop::spawn(future)
    }

    fn yield_now(self) -> impl Future {
        coroutine::moment()
    }

    fn sleep(self, duration: Duration) -> impl Future + 'static {
        coroutine::sleep(duration)
    }

    fn with_timeout(self, limit: Duration, future: Yield) -> impl Future {
        coroutine::with_timeout(limit, future)
    }

    fn multi<F>(self, children: Vec<F>) -> impl Future
    where
        F: Future<Output = Result<usize, Infallible>> + 'static,
    {
        Multi(children)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    IOLoop::new()?.run_sync(async { ioloop::spawn(workload::measure_all(Gustnado)).await })??;
    Ok(())
}
