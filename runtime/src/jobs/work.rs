//! A job, whatever its type.

use super::Cause;
use crate::coroutine::{Outcome, cancel_after, caught};
use crate::ioloop::{Core, Frame, Locals, panic_message};
use std::any::type_name;
use std::panic::Location;
use std::time::Duration;

/// A job and what is known of it.
pub(super) struct Entry {
    pub(super) id: u64,
    /// The job's type.
    pub(super) name: &'static str,
    /// Where it was submitted.
    pub(super) place: &'static Location<'static>,
    /// What was set there.
    pub(super) locals: Locals,
    /// How many it has begun.
    pub(super) attempts: u32,
    /// Not there during an attempt.
    work: Option<Box<dyn Work>>,
}

impl Entry {
    pub(super) fn new<F, O>(id: u64, place: &'static Location<'static>, job: F) -> Self
    where
        F: AsyncFnMut() -> O + 'static,
        O: Outcome,
    {
        let (name, locals) = (type_name::<F>(), Locals::current());
        Self { id, name, place, locals, attempts: 0, work: Some(Box::new(Callee(job))) }
    }

    /// Does the job, or fails to.
    pub(super) async fn attempt(&mut self, limit: Option<Duration>) -> Result<(), Cause> {
        let Some(work) = self.work.take() else { return Err(Cause::Interrupted) };
        let (work, result) = work.attempt(limit).await;
        self.work = Some(work);
        result
    }
}

trait Work {
    /// The job comes back with its result, for another attempt.
    fn attempt(
        self: Box<Self>,
        limit: Option<Duration>,
    ) -> Frame<(Box<dyn Work>, Result<(), Cause>)>;
}

struct Callee<F>(F);

impl<F, O> Work for Callee<F>
where
    F: AsyncFnMut() -> O + 'static,
    O: Outcome,
{
    fn attempt(
        mut self: Box<Self>,
        limit: Option<Duration>,
    ) -> Frame<(Box<dyn Work>, Result<(), Cause>)> {
        Frame::new(async move {
            let attempt = async {
                let outcome = match limit {
                    Some(limit) => {
                        cancel_after(limit, (self.0)()).await.map_err(|_| Cause::Timeout(limit))?
                    }
                    None => (self.0)().await,
                };
                outcome.into_result().map(drop).map_err(|error| Cause::Error(format!("{error:#}")))
            };
            let result = caught(attempt)
                .await
                .unwrap_or_else(|payload| Err(Cause::Panic(panic_message(&*payload).to_owned())));
            // Each attempt is a coroutine of its own.
            Core::current_or_panic().end_of_work(result.is_ok());
            (self as Box<dyn Work>, result)
        })
    }
}
