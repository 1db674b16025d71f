//! The work that every runtime does; `README.md` says it row by row.
//!
//! The peers' programs include this very file, so that no runtime does other work than another.
//! Everything runs in a spawned task, on one thread. Times are processor time of the whole process.

use std::convert::Infallible;
use std::env;
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What a runtime brings to the work. All of it is spelled as its users would spell it.
pub trait Runtime: Copy + 'static {
    /// Whether [`Runtime::yield_now`] is the runtime's own.
    const YIELDS: bool = true;

    /// Starts a task, and returns what awaits its end.
    fn spawn<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static;

    /// Lets the others have a turn.
    fn yield_now(self) -> impl Future;

    /// Lets time pass.
    fn sleep(self, duration: Duration) -> impl Future + 'static;

    /// Awaits `future` for at most `limit`.
    fn with_timeout(self, limit: Duration, future: Yield) -> impl Future;

    /// Awaits all of `children`, and collects their results.
    fn multi<F>(self, children: Vec<F>) -> impl Future
    where
        F: Future<Output = Result<usize, Infallible>> + 'static;

    /// Whether it has a queue of its own, without which there is no [`Runtime::queue`].
    const QUEUES: bool = false;

    /// Whether it has a lock of its own, without which there is no [`Runtime::lock`].
    const LOCKS: bool = false;

    /// Whether it has threads for jobs that block, without which there is no [`Runtime::run_blocking`].
    const EXECUTORS: bool = false;

    /// Both ends of a queue for `limit` items.
    fn queue(self, limit: usize) -> impl Queue {
        let _ = limit;
    }

    /// A lock that nobody holds; a clone is the same lock.
    fn lock(self) -> impl Lock {}

    /// Runs `job` on another thread, and awaits its result.
    fn run_blocking(self, job: impl FnOnce() -> usize + Send + 'static) -> impl Future {
        async { job() }
    }
}

/// A queue, as its users would use it.
pub trait Queue {
    /// Puts a number, when there is room.
    fn put(&mut self, number: usize) -> impl Future<Output = ()>;

    /// Takes the next number, when there is one.
    fn get(&mut self) -> impl Future<Output = usize>;
}

/// A lock, as its users would use it.
pub trait Lock: Clone + 'static {
    /// Awaits the lock, and then `held` while it is held.
    fn hold(&self, held: impl Future) -> impl Future<Output = ()>;
}

/// Runtimes without a queue.
impl Queue for () {
    async fn put(&mut self, _: usize) {}

    async fn get(&mut self) -> usize {
        0
    }
}

/// Runtimes without a lock.
impl Lock for () {
    async fn hold(&self, held: impl Future) {
        held.await;
    }
}

/// Wakes itself and returns `Pending` once.
#[derive(Debug, Default)]
pub struct Yield {
    yielded: bool,
}

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Does all of the work, and prints a line for each row: its name, and nanoseconds for one of it. If the command line names rows,
/// only those; with `--once`, a single time each, for a profiler.
pub async fn measure_all<R: Runtime>(runtime: R) {
    row("spawn_join", 20, async || spawn_join(runtime).await).await;
    row("spawn_join_one_by_one", 20, async || spawn_join_one_by_one(runtime).await).await;
    row("switch", 20, async || switch(runtime, async |_| Yield::default().await).await).await;
    if R::YIELDS {
        let own = async || {
            switch(runtime, async |runtime: R| {
                runtime.yield_now().await;
            })
            .await
        };
        row("switch_own", 20, own).await;
    }
    row("sleep", 5, async || sleep(runtime).await).await;
    row("with_timeout", 20, async || with_timeout(runtime).await).await;
    row("multi", 20, async || multi(runtime).await).await;
    if R::QUEUES {
        row("queue_put_get", 20, async || queue_put_get(runtime).await).await;
    }
    if R::LOCKS {
        row("lock_hand_over", 20, async || lock_hand_over(runtime).await).await;
    }
    if R::EXECUTORS {
        row("run_blocking", 20, async || run_blocking(runtime).await).await;
    }
}

/// 100 times: spawn 1 000 tasks, then join them in the order they were spawned.
async fn spawn_join<R: Runtime>(runtime: R) -> usize {
    const BATCHES: usize = 100;
    const TASKS: usize = 1000;

    let mut handles = Vec::with_capacity(TASKS);
    for _ in 0..BATCHES {
        handles.extend((0..TASKS).map(|number| runtime.spawn(async move { black_box(number) })));
        for handle in handles.drain(..) {
            black_box(handle.await);
        }
    }
    BATCHES * TASKS
}

/// 100 000 times: spawn a task, and join it.
async fn spawn_join_one_by_one<R: Runtime>(runtime: R) -> usize {
    const TASKS: usize = 100_000;

    for number in 0..TASKS {
        black_box(runtime.spawn(async move { black_box(number) }).await);
    }
    TASKS
}

/// 100 tasks that give way to each other, 1 000 times each.
async fn switch<R: Runtime>(runtime: R, give_way: impl AsyncFn(R) + Copy + 'static) -> usize {
    const TASKS: usize = 100;
    const TIMES: usize = 1000;

    let tasks = (0..TASKS).map(|_| {
        runtime.spawn(async move {
            for _ in 0..TIMES {
                give_way(runtime).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        black_box(task.await);
    }
    TASKS * TIMES
}

/// 100 000 tasks that sleep 100 to 200 ms: all have begun before the first one ends.
async fn sleep<R: Runtime>(runtime: R) -> usize {
    const TASKS: u32 = 100_000;
    const LEAST: Duration = Duration::from_millis(100);
    const SPREAD: Duration = Duration::from_millis(100);

    let tasks = (0..TASKS).map(|number| {
        let duration = LEAST + SPREAD * number / TASKS;
        runtime.spawn(async move {
            runtime.sleep(duration).await;
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        black_box(task.await);
    }
    TASKS as usize
}

/// 10 000 times: await a future that yields once, under a timeout that does not come.
async fn with_timeout<R: Runtime>(runtime: R) -> usize {
    const TIMES: usize = 10_000;

    for _ in 0..TIMES {
        black_box(runtime.with_timeout(Duration::from_secs(10), Yield::default()).await);
    }
    TIMES
}

/// 100 times: await 1 000 futures at once that yield once each, and collect their results.
async fn multi<R: Runtime>(runtime: R) -> usize {
    const BATCHES: usize = 100;
    const CHILDREN: usize = 1000;

    for _ in 0..BATCHES {
        let children = (0..CHILDREN).map(async |number| {
            Yield::default().await;
            Ok(black_box(number))
        });
        black_box(runtime.multi(children.collect()).await);
    }
    BATCHES * CHILDREN
}

/// 10 000 times: put 100 numbers into a queue that has room for them, and take them out.
async fn queue_put_get<R: Runtime>(runtime: R) -> usize {
    const BATCHES: usize = 10_000;
    const ITEMS: usize = 100;

    let mut queue = runtime.queue(ITEMS);
    for _ in 0..BATCHES {
        for number in 0..ITEMS {
            queue.put(black_box(number)).await;
        }
        for _ in 0..ITEMS {
            black_box(queue.get().await);
        }
    }
    BATCHES * ITEMS
}

/// 100 tasks that want the same lock 1 000 times each, and let the others have a turn while they hold it.
async fn lock_hand_over<R: Runtime>(runtime: R) -> usize {
    const TASKS: usize = 100;
    const TIMES: usize = 1000;

    let lock = runtime.lock();
    let tasks = (0..TASKS).map(|_| {
        let lock = lock.clone();
        runtime.spawn(async move {
            for _ in 0..TIMES {
                lock.hold(Yield::default()).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        black_box(task.await);
    }
    TASKS * TIMES
}

/// 10 000 times: run a job that does nothing on another thread, and await its result.
async fn run_blocking<R: Runtime>(runtime: R) -> usize {
    const TIMES: usize = 10_000;

    for number in 0..TIMES {
        black_box(runtime.run_blocking(move || black_box(number)).await);
    }
    TIMES
}

/// Measures one row, if it is wanted, and prints it.
async fn row(name: &str, rounds: usize, work: impl AsyncFn() -> usize) {
    let (options, names): (Vec<_>, Vec<_>) =
        env::args().skip(1).partition(|argument| argument.starts_with("--"));
    if names.is_empty() || names.iter().any(|wanted| wanted == name) {
        let rounds = if options.iter().any(|option| option == "--once") { 1 } else { rounds };
        println!("{name} {:.2}", least(rounds, work).await);
    }
}

/// The least processor time of `rounds`, in nanoseconds for each of the work's units.
async fn least(rounds: usize, work: impl AsyncFn() -> usize) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..rounds {
        let begin = clock_gettime(ClockId::ProcessCPUTime);
        let units = work().await;
        let end = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = (end.tv_sec - begin.tv_sec) as f64;
        let nanoseconds = seconds * 1e9 + (end.tv_nsec - begin.tv_nsec) as f64;
        least = least.min(nanoseconds / units as f64);
    }
    least
}
