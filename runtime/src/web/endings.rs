//! What is to be done when an application ends.

use std::any::type_name;
use std::panic::Location;
use std::time::Instant;

use crate::coroutine::{Outcome, cancel_after, caught};
use crate::ioloop::{Failure, Frame, report};

/// What is to be done, in the order in which it was said; it is done in the opposite one.
#[derive(Default)]
pub(super) struct Endings(Vec<Ending>);

struct Ending {
    /// Is told when it should be over.
    begin: Box<dyn FnOnce(Instant) -> Frame<Result<(), String>>>,
    name: &'static str,
    place: &'static Location<'static>,
}

impl Endings {
    pub(super) fn add<F, O>(&mut self, place: &'static Location<'static>, hook: F)
    where
        F: AsyncFnOnce(Instant) -> O + 'static,
        O: Outcome,
    {
        let begin = |deadline| {
            Frame::new(async move {
                let outcome = hook(deadline).await.into_result();
                outcome.map(drop).map_err(|error| format!("{error:#}"))
            })
        };
        self.0.push(Ending { begin: Box::new(begin), name: type_name::<F>(), place });
    }

    /// Adds those of another application.
    pub(super) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// Does everything, until `deadline`; what has not begun then still gets one turn.
    pub(super) async fn run(self, deadline: Instant) {
        for Ending { begin, name, place } in self.0.into_iter().rev() {
            match cancel_after(deadline, caught((begin)(deadline))).await {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => {
                    report(&Failure::of_error("shutdown hook", name, place, &error));
                }
                Ok(Err(payload)) => {
                    report(&Failure::of_panic("shutdown hook", name, place, &*payload));
                }
                Err(_) => {
                    tracing::error!(target: "gustnado.application", name, %place, "shutdown hook {name} did not finish in time ({place})");
                }
            }
        }
    }
}
