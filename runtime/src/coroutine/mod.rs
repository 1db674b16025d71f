//! The vocabulary of waiting: what a coroutine can await besides other coroutines.
//!
//! - [`sleep`](fn@sleep) lets time pass, [`moment`] lets the others have a turn.
//! - [`with_timeout`] stops waiting for something that goes on without us; [`cancel_after`] also ends it.
//! - [`Multi`](fn@Multi) waits for many things at once, and gives back their results in the shape they came in.
//! - [`WaitIterator`] waits for many things one by one, in the order of their completion.
//! - [`scope`](fn@scope) owns coroutines that end with it; [`shield`](fn@shield) lets one end that must, whoever leaves.
//! - [`PeriodicCallback`] does something again and again.
//! - [`Task`](fn@Task) waits for code that calls back, [`Callback`](fn@Callback) and [`Wait`](fn@Wait) do so step by step, with
//!   [`SendTask`](fn@SendTask) and [`SendCallback`](fn@SendCallback) for other threads; [`engine`](fn@engine) gives keys of their own to
//!   a part of a coroutine.
//!
//! It is `tornado.gen`; the module has another name because `gen` is a reserved word.
//!
//! | what Tornado can `yield` | here |
//! | --- | --- |
//! | `moment`, `None` | [`moment`]`().await` |
//! | a list or a dictionary | [`Multi`](fn@Multi) |
//! | an awaitable, a `Future` | any future; `std::future::ready` is one of a value. Where a future is an argument, whatever can be made one is, too: [`IntoFuture`] |
//! | a future of `concurrent.futures` | [`run_in_executor`](crate::ioloop::run_in_executor), or a [`SendTask`](fn@SendTask) that starts a thread; wakers work from any thread, so channels of other crates can be awaited, too |
//! | `Callback`, `Wait`, `WaitAll`, `Task` | the same |
//! | what `convert_yielded` was taught | a type with an `IntoFuture` of its own |
//! | anything else: `BadYieldError` | does not compile |
//!
//! ```
//! use gustnado::coroutine::{Multi, sleep};
//! use std::time::{Duration, Instant};
//!
//! async fn square(number: u32) -> Result<u32, std::num::TryFromIntError> {
//!     sleep(Duration::from_millis(10)).await;
//!     u32::try_from(u64::from(number).pow(2))
//! }
//!
//! # gustnado::ioloop::IOLoop::new()?.run_sync(async {
//! let begin = Instant::now();
//! assert_eq!(Multi([square(1), square(2), square(3)]).await?, [1, 4, 9]);
//! assert!(begin.elapsed() < Duration::from_millis(25), "they slept at the same time");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod callback;
mod caught;
mod delivery;
mod engine;
mod error;
mod keys;
mod multi;
mod periodic;
mod scope;
mod shield;
mod sleep;
mod task;
mod timeout;
mod wait;
mod wait_iterator;

pub use callback::{Callback, SendCallback};
pub(crate) use caught::caught;
pub use engine::{Engine, engine};
pub use error::{LeakedKey, YieldError};
pub use multi::{Multi, MultiFuture, Shape};
pub use periodic::{Coroutine, Periodic, PeriodicCallback};
pub use scope::{Scope, ScopedHandle, scope};
pub use shield::{Shield, shield};
pub use sleep::{Moment, Sleep, moment, sleep, sleep_until};
pub use task::{SendTask, Task};
pub use timeout::{CancelAfter, TimeoutError, WithTimeout, cancel_after, with_timeout};
pub use wait::{KeyList, Wait, WaitAll, WaitAllFuture, WaitFuture};
pub use wait_iterator::WaitIterator;

use std::convert::Infallible;
use std::fmt::Display;

/// What a coroutine that can fail ends with: a [`Result`], or nothing at all for those that cannot, such as [`sleep`](fn@sleep).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether it is a success or a failure",
    label = "this coroutine ends with `{Self}`",
    note = "wait for coroutines that return a `Result`, such as an `async fn`, or map the value into `Ok`"
)]
pub trait Outcome {
    /// What a success holds.
    type Value;
    /// What a failure says.
    type Error: Display;

    /// The outcome as a result.
    ///
    /// # Errors
    ///
    /// The failure.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
}

impl<T, E: Display> Outcome for Result<T, E> {
    type Value = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

impl Outcome for () {
    type Value = ();
    type Error = Infallible;

    fn into_result(self) -> Result<(), Infallible> {
        Ok(())
    }
}
