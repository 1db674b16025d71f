//! Jobs that have failed, and jobs that were not accepted.

use super::work::Entry;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// A job that has failed for good; see [`Jobs::on_failure`](super::Jobs::on_failure).
#[derive(Clone, Debug)]
pub struct Failure {
    jobs: Cow<'static, str>,
    id: u64,
    name: &'static str,
    place: &'static Location<'static>,
    attempts: u32,
    cause: Cause,
}

/// Why an attempt has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// With this error.
    Error(String),
    /// With a panic of this message.
    Panic(String),
    /// It took longer than this.
    Timeout(Duration),
    /// The queue's shutdown did not wait longer for it, or the loop was closed.
    Interrupted,
}

impl Failure {
    pub(super) fn new(jobs: Cow<'static, str>, entry: &Entry, cause: Cause) -> Self {
        let Entry { id, name, place, attempts, .. } = *entry;
        Self { jobs, id, name, place, attempts, cause }
    }

    /// The name of its queue.
    pub fn jobs(&self) -> &str {
        &self.jobs
    }

    /// The number that [`submit`](super::Jobs::submit) has returned.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The name of the job's type, which for a closure is where it is written.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it was submitted.
    pub fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// How often it was begun; 0 if it had no turn.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Why its last attempt failed, or why there was none.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { jobs, id, name, place, attempts, cause } = self;
        let plural = if *attempts == 1 { "" } else { "s" };
        write!(
            f,
            "job {id} of {jobs} ({name}, {place}) failed after {attempts} attempt{plural}: {cause}"
        )
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => f.write_str(error),
            Self::Panic(message) => write!(f, "it panicked: {message}"),
            Self::Timeout(limit) => write!(f, "it took longer than {limit:?}"),
            Self::Interrupted => f.write_str("it was interrupted by the end"),
        }
    }
}

/// A job that was not accepted. It comes back with this.
#[derive(Clone, Copy)]
pub struct SubmitError<F> {
    job: F,
    refusal: Refusal,
}

/// Why a job was not accepted. In an answer, both are a 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There are as many jobs as there may be.
    Full,
    /// The queue was shut down.
    Closed,
}

impl<F> SubmitError<F> {
    pub(super) const fn new(job: F, refusal: Refusal) -> Self {
        Self { job, refusal }
    }

    /// Why it was not accepted.
    pub fn refusal(&self) -> Refusal {
        self.refusal
    }

    /// The job.
    pub fn into_job(self) -> F {
        self.job
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the job was not accepted")
    }
}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitError").field("refusal", &self.refusal).finish_non_exhaustive()
    }
}

/// Its source is the [`Refusal`].
impl<F> Error for SubmitError<F> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.refusal)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "there are too many jobs",
            Self::Closed => "no more jobs are accepted",
        })
    }
}

impl Error for Refusal {}
