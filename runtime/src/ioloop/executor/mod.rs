//! Threads for what would keep the loop busy or blocked: passwords to hash, images to scale, files to read.

mod job;
mod threads;

use self::job::{Answer, Job};
use self::threads::Threads;
use super::{Core, IOLoop, JoinError};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

/// So many threads for each processor, as in Tornado: most of them wait for something.
const THREADS_PER_PROCESSOR: usize = 5;

/// The executor of all loops that were not given one of their own, so that eight loops do not have eight times the threads.
static DEFAULT: LazyLock<Executor> = LazyLock::new(|| {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    Executor::new(THREADS_PER_PROCESSOR * processors)
});

/// Runs `job` on another thread: [`IOLoop::run_in_executor`] of this thread's loop.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::ioloop::run_in_executor;
///
/// let text = run_in_executor(|| std::fs::read_to_string("/proc/self/status")).await?;
/// # let _ = text;
/// # Ok::<(), gustnado::ioloop::JoinError>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A [`JoinError`], if the job panics, or the executor was [shut down](Executor::shutdown).
#[track_caller]
pub fn run_in_executor<T, F>(job: F) -> Execution<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let own = Core::current().and_then(|core| core.executor.borrow().clone());
    own.as_ref().unwrap_or(&DEFAULT).run(job)
}

impl IOLoop {
    /// Runs `job` on a thread of this loop's executor, beginning now; await what is returned for its result. Meanwhile the loop goes
    /// on.
    ///
    /// The executor is the one [of all loops](Executor#the-default-one), unless this loop was
    /// [given another](Self::set_default_executor). See [`Executor::run`].
    ///
    /// # Errors
    ///
    /// A [`JoinError`], if the job panics, or the executor was [shut down](Executor::shutdown).
    #[track_caller]
    pub fn run_in_executor<T, F>(&self, job: F) -> Execution<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let own = self.core.executor.borrow().clone();
        own.as_ref().unwrap_or(&DEFAULT).run(job)
    }

    /// Makes `executor` the one that [`run_in_executor`](Self::run_in_executor) of this loop uses.
    pub fn set_default_executor(&self, executor: Executor) {
        let former = self.core.executor.replace(Some(executor));
        // Outside of the borrow: this may be its last handle.
        drop(former);
    }
}

/// A bounded number of threads that run jobs; a clone is the same executor, also on another thread.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::ioloop::Executor;
///
/// struct Passwords {
///     hashing: Executor,
/// }
///
/// impl Passwords {
///     async fn hash(&self, password: String) -> Result<usize, gustnado::ioloop::JoinError> {
///         self.hashing.run(move || password.len() * 31).await // something slow
///     }
/// }
///
/// let passwords = Passwords { hashing: Executor::new(2) };
/// assert_eq!(passwords.hash("secret".to_owned()).await?, 186);
/// # Ok::<(), gustnado::ioloop::JoinError>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// This is what Tornado's decorator `run_on_executor` is for: a method whose body runs in `self.executor`.
///
/// # Threads
///
/// They are started when they are needed, and end when they have had nothing to do for [a while](Self::keep_alive). They never
/// keep the process from ending: who wants to wait for them calls [`shutdown`](Self::shutdown), for example
/// [at the application's end](crate::Application::on_shutdown).
///
/// # The line
///
/// Jobs begin in the order in which they were given. One that has to wait belongs to whoever awaits it, and leaves the line
/// together with them; so the line is never longer than there are coroutines waiting, and nothing piles up behind their backs.
///
/// # The default one
///
/// It has five threads for each processor, as Tornado's has, and is shared by all loops of the process.
///
/// # In a simulated world
///
/// There are no threads [there](crate::testing::simulation): a job runs on the loop, in a later turn, one after the other. So jobs
/// must not wait for each other.
#[derive(Clone)]
pub struct Executor(Arc<Owner>);

/// What the handles of an executor share, and its threads do not: with the last of them, the threads end.
struct Owner(Arc<Threads>);

impl Executor {
    /// An executor of `threads` threads at most, of which none is started yet.
    ///
    /// # Panics
    ///
    /// If that is none.
    pub fn new(threads: usize) -> Self {
        assert!(threads > 0, "an executor needs a thread");
        Self(Arc::new(Owner(Arc::new(Threads::new(threads)))))
    }

    /// How long a thread waits for another job before it ends: ten seconds unless set.
    #[must_use]
    pub fn keep_alive(self, idle: Duration) -> Self {
        self.0.0.set_keep_alive(idle);
        self
    }

    /// Runs `job` on one of the threads, as soon as one is free; await what is returned for its result.
    ///
    /// A job that has begun cannot be interrupted: if nobody awaits it any more, it goes on, and its result is dropped. One that
    /// has not begun is then cancelled, so to let one run in the background, [`spawn`](super::spawn) what is returned.
    ///
    /// # Errors
    ///
    /// A [`JoinError`]: [with its panic](JoinError::into_panic), if the job panics; or
    /// [cancelled](JoinError::is_cancelled), if the executor was shut down before, or the system has no thread left (which is
    /// logged).
    #[track_caller]
    pub fn run<T, F>(&self, job: F) -> Execution<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let threads = self.0.0.clone();
        let job = Arc::new(Job::new(job, Location::caller()));
        let simulated = Core::current().filter(|core| core.is_simulated());
        let ticket = threads.add(job.clone(), simulated.as_deref());
        Execution { answer: job, threads, ticket }
    }

    /// Takes no more jobs, and waits for those that it has been given. What is given from now on is cancelled.
    ///
    /// ```
    /// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
    /// use gustnado::ioloop::{Executor, spawn};
    ///
    /// let executor = Executor::new(1);
    /// let job = spawn(executor.run(|| 1));
    /// executor.shutdown().await;
    /// assert!(executor.run(|| 2).await.unwrap_err().is_cancelled());
    /// assert_eq!(job.await??, 1);
    /// # Ok::<(), gustnado::ioloop::JoinError>(())
    /// # })??;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn shutdown(&self) {
        let threads = &self.0.0;
        threads.end();
        poll_fn(|cx| threads.poll_finished(cx.waker())).await;
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.0.fmt(f)
    }
}

/// A job on its way through an [`Executor`]. Await it for the result; see [`Executor::run`].
#[must_use = "a job that has not begun is cancelled when this is dropped"]
pub struct Execution<T> {
    answer: Arc<dyn Answer<T>>,
    threads: Arc<Threads>,
    /// Its place in the line, as long as it may be there.
    ticket: Option<u64>,
}

impl<T> Future for Execution<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let poll = self.answer.poll(cx.waker());
        if poll.is_ready() {
            self.ticket = None;
        }
        poll
    }
}

impl<T> Drop for Execution<T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.threads.remove(ticket);
            self.answer.abandon();
        }
    }
}

impl<T> fmt::Debug for Execution<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution").finish_non_exhaustive()
    }
}

const _: () = {
    const fn crosses_threads<T: Send + Sync>() {}
    crosses_threads::<Executor>();
    crosses_threads::<Execution<std::cell::Cell<u8>>>();
};
