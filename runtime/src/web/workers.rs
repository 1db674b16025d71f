//! One application on each of several threads.
//!
//! The threads share nothing but a [`Crew`], which says when to end, and nothing waits for it while requests are
//! served.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use super::server::Scheme;
use super::{Address, Application, Server};
use crate::error::{Error, Result, WithContext};
use crate::ioloop::IOLoop;
use crate::netutil::{Listener, Portable};
#[cfg(feature = "tls")]
use crate::tls::ServerOptions;

/// Threads that are to run an application each: see [`Application::workers`].
pub struct Workers<F> {
    count: usize,
    factory: F,
}

impl<F> Workers<F>
where
    F: Fn() -> Result<Application> + Send + Sync + 'static,
{
    pub(super) fn new(count: usize, factory: F) -> Self {
        let processors = || thread::available_parallelism().map_or(1, usize::from);
        let count = if count == 0 { processors() } else { count };
        Self { count, factory }
    }

    /// Makes this thread's application, and opens the sockets of all; the other threads start when the server runs.
    /// See [`Application::listen`].
    ///
    /// # Errors
    ///
    /// The factory's, what is wrong with the application, or the system's.
    pub fn listen(self, address: impl Address) -> Result<Server> {
        self.listen_with(address, Scheme::Http)
    }

    /// Like [`listen`](Self::listen), for connections that are secured by TLS. A [reload](ServerOptions::reload) of the options is for
    /// all threads.
    ///
    /// # Errors
    ///
    /// As of [`listen`](Self::listen); and what is wrong with the [options](ServerOptions::load), with the file's name.
    #[cfg(feature = "tls")]
    pub fn listen_tls(self, address: impl Address, options: &ServerOptions) -> Result<Server> {
        self.listen_with(address, Scheme::Https(options.clone()))
    }

    fn listen_with(self, address: impl Address, scheme: Scheme) -> Result<Server> {
        let site = (self.factory)()?.build()?;
        let mut shares: Vec<Vec<Listener>> = (0..self.count).map(|_| Vec::new()).collect();
        for listeners in address.resolve()?.bind(self.count)? {
            for (share, listener) in shares.iter_mut().zip(listeners) {
                share.push(listener);
            }
        }
        let own = shares.pop().unwrap_or_default();
        let factory: Arc<Factory> = Arc::new(self.factory);
        let worker = |share: Vec<Listener>| {
            let listeners =
                share.into_iter().map(Listener::into_portable).collect::<io::Result<_>>()?;
            Ok(Worker { listeners, scheme: scheme.clone(), factory: Arc::clone(&factory) })
        };
        let workers = shares.into_iter().map(worker).collect::<io::Result<_>>()?;
        Ok(Server::new(site, own, scheme)?.with_workers(workers))
    }
}

impl<F> fmt::Debug for Workers<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("count", &self.count).finish_non_exhaustive()
    }
}

type Factory = dyn Fn() -> Result<Application> + Send + Sync;

/// What a thread is to serve.
pub(super) struct Worker {
    listeners: Vec<Portable>,
    scheme: Scheme,
    factory: Arc<Factory>,
}

impl Worker {
    fn serve(
        self,
        crew: &Crew,
        shutdown_timeout: Duration,
        blocking_log_threshold: Option<Duration>,
    ) -> Result {
        let io_loop = IOLoop::new()?;
        io_loop.set_blocking_log_threshold(blocking_log_threshold);
        let served = io_loop.run_sync(async {
            let site = (self.factory)()?.build()?;
            let server = Server::new(site, self.listeners, self.scheme)?;
            let server = server.shutdown_timeout(shutdown_timeout);
            crew.ending().await;
            server.shutdown().await;
            Ok(())
        });
        io_loop.close();
        served?
    }
}

/// The other threads of a server, as long as they run.
pub(super) struct Crew(Mutex<State>);

#[derive(Default)]
struct State {
    running: usize,
    ending: bool,
    /// Why the first one failed. An `Error` stays on its thread, its text may leave.
    failure: Option<String>,
    /// Who waits for one of these to change.
    waiting: Vec<Waker>,
}

impl Crew {
    /// Starts the threads.
    pub(super) fn start(workers: Vec<Worker>, shutdown_timeout: Duration) -> Result<Arc<Self>> {
        let crew = Arc::new(Self(Mutex::default()));
        // Who watches one loop wants to watch the others.
        let threshold = IOLoop::current().blocking_log_threshold();
        for (index, worker) in workers.into_iter().enumerate() {
            let ended = Ended { crew: Arc::clone(&crew), failure: Some("it panicked".into()) };
            crew.change(|state| state.running += 1);
            let work = move || {
                let served = worker.serve(&ended.crew, shutdown_timeout, threshold);
                ended.with(served);
            };
            // If it fails, `work` is dropped, and with it `ended`.
            let thread = thread::Builder::new().name(format!("gustnado-{}", index + 1));
            thread.spawn(work).context("starting a thread").inspect_err(|_| crew.end())?;
        }
        Ok(crew)
    }

    /// Tells the threads to end.
    pub(super) fn end(&self) {
        self.change(|state| state.ending = true);
    }

    /// Ready when they are to end, perhaps because one of them has failed.
    pub(super) async fn ending(&self) {
        self.until(|state| state.ending.then_some(())).await;
    }

    /// Ready when all threads have ended.
    ///
    /// # Errors
    ///
    /// Why the first one failed.
    pub(super) async fn ended(&self) -> Result {
        let failure = self.until(|state| (state.running == 0).then(|| state.failure.take())).await;
        match failure {
            Some(failure) => Err(Error::msg(failure).context("a worker failed")),
            None => Ok(()),
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn until<T>(&self, check: impl Fn(&mut State) -> Option<T>) -> impl Future<Output = T> {
        poll_fn(move |cx| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(value) = check(&mut state) {
                return Poll::Ready(value);
            }
            if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                state.waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
    }
}

/// Tells the crew that a thread has ended, however it did. One that ends early ends all.
struct Ended {
    crew: Arc<Crew>,
    failure: Option<String>,
}

impl Ended {
    fn with(mut self, served: Result) {
        self.failure = served.err().map(|error| format!("{error:#}"));
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let failure = self.failure.take();
        self.crew.change(|state| {
            state.running -= 1;
            state.ending = true;
            state.failure = state.failure.take().or(failure);
        });
    }
}
