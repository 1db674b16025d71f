//! tokio's rows of the coroutine table: `coroutines-tokio [--local-set]`.
//!
//! Both of its ways to run tasks that are not `Send`: its `LocalRuntime`, and a `LocalSet` on the
//! current-thread runtime.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{Mutex, mpsc};
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

    const QUEUES: bool = true;
    const LOCKS: bool = true;
    const EXECUTORS: bool = true;

    fn queue(self, limit: usize) -> impl workload::Queue {
        let (sender, receiver) = mpsc::channel(limit);
        Numbers { sender, receiver }
    }

    fn lock(self) -> impl workload::Lock {
        Shared(Rc::new(Mutex::new(())))
    }

    fn run_blocking(self, job: impl FnOnce() -> usize + Send + 'static) -> impl Future {
        task::spawn_blocking(job)
    }
}

struct Numbers {
    sender: mpsc::Sender<usize>,
    receiver: mpsc::Receiver<usize>,
}

impl workload::Queue for Numbers {
    async fn put(&mut self, number: usize) {
        // Its receiver lives as long as it does.
        let _ = self.sender.send(number).await;
    }

    async fn get(&mut self) -> usize {
        self.receiver.recv().await.unwrap_or_default()
    }
}

#[derive(Clone)]
struct Shared(Rc<Mutex<()>>);

impl workload::Lock for Shared {
    async fn hold(&self, held: impl Future) {
        let _guard = self.0.lock().await;
        held.await;
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
