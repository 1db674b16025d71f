//! Coroutines that wait for each other: `tornado.locks`.
//!
//! | | who waits |
//! | --- | --- |
//! | [`Condition`] | until somebody notifies them |
//! | [`Event`] | until a flag is set |
//! | [`Semaphore`], [`BoundedSemaphore`] | for one of so many permits |
//! | [`Lock`] | until they are the only ones |
//!
//! All are fair: who waited first is served first, and nobody can push in between. Somebody who gave up waiting, because of a
//! deadline or because their future was dropped, never keeps what was meant for them; it goes to the next. Waiting costs O(1), giving
//! up too, and nothing is allocated unless more wait than ever before.
//!
//! A notification is a moment, which is easily missed: waiting for a [`Condition`] or an [`Event`] begins with the call. A permit
//! is there until somebody takes it: waiting for one begins with the first poll.
//!
//! They belong to their loop's thread, and are shared by reference or [`Rc`](std::rc::Rc):
//!
//! ```compile_fail
//! fn needs_sync<T: Sync>() {}
//! needs_sync::<gustnado::locks::Lock>(); // threads have locks of their own
//! ```

mod condition;
mod event;
mod lock;
mod semaphore;
mod waiters;

pub use condition::{Condition, Wait};
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use semaphore::{Acquire, BoundedSemaphore, OwnedPermit, Permit, ReleaseError, Semaphore};
pub(crate) use waiters::{Removed, Waiters};
