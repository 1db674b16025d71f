//! What other threads hold of a loop.

use super::core::Core;
use super::mailbox::{Letter, LoopMailbox};
use super::origin::Origin;
use super::spawn;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

/// A reference to a loop for other threads: `Send`, `Sync`, and cheap to clone.
///
/// Everything sent through it arrives in the order of sending. While the loop is busy, sending costs no system call. A loop
/// that is gone ignores it silently, as Tornado's `add_callback` does.
///
/// ```
/// use gustnado::ioloop::IOLoop;
///
/// let io_loop = IOLoop::new()?;
/// let handle = io_loop.handle();
/// std::thread::spawn(move || handle.add_callback(|| IOLoop::current().stop()));
/// io_loop.start()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    mailbox: Arc<LoopMailbox>,
}

impl Handle {
    pub(super) fn new(core: &Core) -> Self {
        Self { mailbox: core.mailbox.clone() }
    }

    /// Runs `callback` on the loop's thread, in its next turn, without any [locals](super::Local).
    #[track_caller]
    pub fn add_callback(&self, callback: impl FnOnce() + Send + 'static) {
        let place = Location::caller();
        let call = move |core: &Core| Origin::elsewhere(place).run(core, callback);
        self.mailbox.post(Letter::Call(Box::new(call)));
    }

    /// Spawns the coroutine that `make` returns on the loop. Only `make` has to be `Send`: the coroutine itself is made where it
    /// runs.
    #[track_caller]
    pub fn spawn<F: Future<Output = ()> + 'static>(
        &self,
        make: impl FnOnce() -> F + Send + 'static,
    ) {
        self.add_callback(move || drop(spawn(make())));
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
