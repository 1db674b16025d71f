//! gustnado's rows of the coroutine table.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use gustnado::coroutine::{self, Multi};
use gustnado::ioloop::{self, IOLoop};
use gustnado::locks::Lock;
use gustnado::queues::Queue;
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

    const QUEUES: bool = true;
    const LOCKS: bool = true;
    const EXECUTORS: bool = true;

    fn queue(self, limit: usize) -> impl workload::Queue {
        Numbers(Queue::new(limit))
    }

    fn lock(self) -> impl workload::Lock {
        Shared(Rc::new(Lock::new(())))
    }

    fn run_blocking(self, job: impl FnOnce() -> usize + Send + 'static) -> impl Future {
        ioloop::run_in_executor(job)
    }
}

struct Numbers(Queue<usize>);

impl workload::Queue for Numbers {
    async fn put(&mut self, number: usize) {
        // It is never closed.
        let _ = self.0.put(number).await;
    }

    async fn get(&mut self) -> usize {
        self.0.get().await.unwrap_or_default()
    }
}

#[derive(Clone)]
struct Shared(Rc<Lock>);

impl workload::Lock for Shared {
    async fn hold(&self, held: impl Future) {
        let _guard = self.0.acquire().await;
        held.await;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    IOLoop::new()?.run_sync(async { ioloop::spawn(workload::measure_all(Gustnado)).await })??;
    Ok(())
}
