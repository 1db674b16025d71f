//! Work that goes on after the response was sent: mails, thumbnails, calls to other services.
//!
//! A handler hands a job to [`Jobs`] and answers. The job runs on the same loop, a bounded number of them at a time; if it fails or
//! panics it is tried again, as its [`Retry`] says; and when it has failed for good, somebody is told.
//!
//! ```no_run
//! use gustnado::jobs::{Jobs, Retry};
//! use gustnado::prelude::*;
//! use std::time::Duration;
//!
//! async fn send_mail(address: &str) -> Result<()> {
//!     # let _ = address;
//!     Ok(())
//! }
//!
//! #[post("/sign-up/{address}")]
//! async fn sign_up(address: String, mails: &Jobs) -> Result<&'static str> {
//!     mails.submit(async move || send_mail(&address).await).await?;
//!     Ok("We have sent you a mail.")
//! }
//!
//! #[gustnado::main]
//! async fn main() -> Result<()> {
//!     let mails = Jobs::new("mails")
//!         .concurrency(4)
//!         .retry(Retry::exponential(Duration::from_secs(1)).attempts(8))
//!         .timeout(Duration::from_secs(30))
//!         .on_failure(|failure| eprintln!("tell somebody: {failure}"));
//!     Application::new(routes![sign_up]).jobs(mails).listen(8888)?.run().await
//! }
//! ```
//!
//! What would keep the loop busy belongs into [`run_in_executor`](crate::ioloop::run_in_executor), which a job can await as well as a
//! handler.
//!
//! # What is promised
//!
//! A job that was accepted ends in one of two ways: it is done, or it has [failed](Failure), which is logged and told to
//! [`on_failure`](Jobs::on_failure). That holds for jobs that panic, that [take too long](Jobs::timeout), and that the end of the
//! application has interrupted. One that is refused is handed back.
//!
//! # What is not
//!
//! Jobs live in the process. What is not done when it is killed is gone; who must not lose it writes it down first, where a
//! restarted process finds it. A job that is tried again may have done a part of its work before, so the whole had better be
//! something that can be done twice.

mod dispatch;
mod failure;
mod retry;
mod work;

pub use failure::{Cause, Failure, Refusal, SubmitError};
pub use retry::Retry;

use self::dispatch::Shared;
use crate::coroutine::{Outcome, cancel_after};
use crate::ioloop::Deadline;
use crate::locks::Semaphore;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

/// A queue of jobs that run in the background; a clone is the same queue. See the [module](self).
#[derive(Clone)]
pub struct Jobs(Rc<Shared>);

/// How many jobs there are, and have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Those that wait for their turn.
    pub queued: usize,
    /// Those that run.
    pub running: usize,
    /// Those that have failed and wait to be tried again.
    pub pausing: usize,
    /// Those that were done.
    pub done: u64,
    /// Those that have failed for good.
    pub failed: u64,
    /// How often one was tried again.
    pub retries: u64,
}

impl Jobs {
    /// A queue without jobs. The name is for the log.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self(Rc::new(Shared::new(name.into())))
    }

    /// How many jobs may run at a time: 10 unless set.
    ///
    /// # Panics
    ///
    /// If that is none; and, as everything that sets something up, if the queue is shared already.
    #[must_use]
    pub fn concurrency(self, jobs: usize) -> Self {
        assert!(jobs > 0, "one job at a time is the least");
        self.set_up(|shared| shared.concurrency = jobs)
    }

    /// How many jobs may be there at a time, those that run included: 1000 unless set. Who has more waits, or is refused.
    ///
    /// # Panics
    ///
    /// If that is none, or the queue is shared already.
    #[must_use]
    pub fn capacity(self, jobs: usize) -> Self {
        assert!(jobs > 0, "a queue without room takes no jobs");
        self.set_up(|shared| shared.places = Semaphore::new(jobs))
    }

    /// Whether and when a job that has failed is tried again: [never](Retry::never) unless set.
    ///
    /// # Panics
    ///
    /// If the queue is shared already.
    #[must_use]
    pub fn retry(self, retry: Retry) -> Self {
        self.set_up(|shared| shared.retry = retry)
    }

    /// How long one attempt may take, which is then dropped and counts as a failure: as long as it wants, unless set.
    ///
    /// # Panics
    ///
    /// If the queue is shared already.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        self.set_up(|shared| shared.timeout = Some(limit))
    }

    /// Calls `hook` with every job that has failed for good. It is logged besides.
    ///
    /// # Panics
    ///
    /// If the queue is shared already. (A panic in the hook is logged.)
    #[must_use]
    pub fn on_failure(self, hook: impl Fn(&Failure) + 'static) -> Self {
        self.set_up(|shared| shared.on_failure = Some(Box::new(hook)))
    }

    /// Hands in a job; waits for room, if there is none. The number that comes back is what the log calls it.
    ///
    /// The job is a coroutine without arguments that returns nothing or a [`Result`]. It is called once for each attempt, so it
    /// keeps what it has captured: `async move || send(&mail).await`. It begins in a later turn of the loop: after the response of
    /// a handler that answers at once.
    ///
    /// # Errors
    ///
    /// [`Refusal::Closed`] if the queue was shut down, before or meanwhile. With `?` in a handler, that is a 503.
    #[track_caller]
    pub fn submit<F, O>(&self, job: F) -> impl Future<Output = Result<u64, SubmitError<F>>>
    where
        F: AsyncFnMut() -> O + 'static,
        O: Outcome + 'static,
    {
        let place = Location::caller();
        async move {
            let permit = self.0.places.acquire().await;
            if self.is_closed() {
                return Err(SubmitError::new(job, Refusal::Closed));
            }
            permit.forget();
            Ok(self.0.accept(place, job))
        }
    }

    /// Hands in a job, if there is room now. See [`submit`](Self::submit).
    ///
    /// # Errors
    ///
    /// [`Refusal::Full`] or [`Refusal::Closed`]. With `?` in a handler, that is a 503.
    #[track_caller]
    pub fn try_submit<F, O>(&self, job: F) -> Result<u64, SubmitError<F>>
    where
        F: AsyncFnMut() -> O + 'static,
        O: Outcome + 'static,
    {
        if self.is_closed() {
            return Err(SubmitError::new(job, Refusal::Closed));
        }
        let Some(permit) = self.0.places.try_acquire() else {
            return Err(SubmitError::new(job, Refusal::Full));
        };
        permit.forget();
        Ok(self.0.accept(Location::caller(), job))
    }

    /// Waits until there is no job any more.
    pub fn join(&self) -> impl Future<Output = ()> {
        self.0.finished.wait()
    }

    /// Ends it: accepts nothing more, and waits for the jobs that it has, until `deadline`; says whether all of them ended by
    /// then. [`Application::jobs`](crate::Application::jobs) does this at the application's end.
    ///
    /// Those that pause before another attempt have it now, and it is their last. Those that are left at the deadline are
    /// interrupted, and have failed.
    pub async fn shutdown(&self, deadline: impl Into<Deadline>) -> bool {
        let joined = cancel_after(deadline, self.join());
        self.0.close();
        if joined.await.is_ok() {
            return true;
        }
        self.0.interrupt();
        false
    }

    /// Whether it was shut down.
    pub fn is_closed(&self) -> bool {
        self.0.closed.is_set()
    }

    /// How many jobs there are, and have been.
    pub fn figures(&self) -> Figures {
        self.0.figures()
    }

    fn set_up(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        let shared = Rc::get_mut(&mut self.0);
        change(shared.expect("jobs are set up before they are shared"));
        self
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs")
            .field("name", &self.0.name)
            .field("figures", &self.figures())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
