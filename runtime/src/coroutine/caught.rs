//! What keeps the panic of one coroutine from another that awaits it.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Awaits `future`; if it panics, also in its destructor, that is an error.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut place = pin!(Some(future));
    let result = poll_fn(|cx| {
        let turn = || place.as_mut().as_pin_mut().map_or(Poll::Pending, |future| future.poll(cx));
        match catch_unwind(AssertUnwindSafe(turn)) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    })
    .await;
    catch_unwind(AssertUnwindSafe(|| place.set(None))).and(result)
}
