//! What tests need: `tornado.testing`.
//!
//! [`#[gustnado::test]`](macro@crate::test) runs an async function as a test on a loop of its own. It fails
//!
//! - when it takes longer than its limit, and then says where it waits, and where its tasks do (see
//!   [`IOLoop::dump`](crate::ioloop::IOLoop::dump)): the chain of async functions with files and lines;
//! - with the panic of a callback, or of a task whose handle was dropped, unless that is [expected](ExpectLog);
//! - with `leaks = "deny"`, when it leaves tasks or sockets behind; otherwise they are printed as a warning.
//!
//! ```text
//! Async operation timed out after 5 seconds: app::tests::fetches
//!   the test waits at
//!     app::tests::fetches (src/tests.rs:12:18)
//!     app::fetch (src/lib.rs:40:9)
//!     gustnado::queues::waiting::Get<gustnado::queues::order::Fifo<app::Url>>
//!   the task app::worker, spawned at src/lib.rs:17:5, waits at
//!     app::worker (src/lib.rs:23:30)
//!     gustnado::locks::condition::Wait
//! ```
//!
//! With `simulated`, time and the network are invented: see [`simulation`].
//!
//! [`Log`] keeps what is logged, and [`ExpectLog`] is a test that something is.

pub mod simulation;

mod log;

pub use log::{ExpectLog, Log, LogCapture, LogPattern, Record, UnexpectedLog};
pub use simulation::Simulation;

use std::time::Duration;

/// How long a `#[gustnado::test]` may take that does not say so itself: what the environment variable `ASYNC_TEST_TIMEOUT` says, in
/// seconds, or five. Tornado's `get_async_test_timeout`.
///
/// # Panics
///
/// If the variable is no number of seconds.
pub fn async_test_timeout() -> Duration {
    crate::entry::async_test_timeout()
}
