//! The simulated world, and what is proved in it: random programs of timers, locks, queues, streams and servers, each run with many
//! seeds. `GUSTNADO_SEEDS=1000` runs a thousand.
//!
//! Where a model can say what must happen, and when, the program must do exactly that; else what must hold whatever happens is
//! checked. Nothing may be left behind: no socket, no task, no permit, no item.

mod locks;
mod queues;
mod timers;
mod world;

use gustnado::coroutine::sleep_until;
use gustnado::ioloop::IOLoop;
use gustnado::testing::Simulation;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// So many seconds.
fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Some moment of the next quarter of an hour, to the nanosecond: so exact that no two things happen at the same time.
fn moment_of_its_own() -> Duration {
    Simulation::current().random_duration(Duration::ZERO..=seconds(1000))
}

/// The same moment, or none, as chance will have it.
fn perhaps<T>(value: T) -> Option<T> {
    Simulation::current().chance(0.3).then_some(value)
}

/// Waits for a moment of the world.
async fn at(moment: Duration) {
    let now = Simulation::current().elapsed();
    sleep_until(IOLoop::current().time() + moment.saturating_sub(now)).await;
}

/// What has happened, and when.
struct Log<T>(Rc<RefCell<Vec<(Duration, T)>>>);

impl<T> Log<T> {
    fn new() -> Self {
        Self(Rc::default())
    }

    fn note(&self, what: T) {
        self.0.borrow_mut().push((Simulation::current().elapsed(), what));
    }

    fn take(&self) -> Vec<(Duration, T)> {
        self.0.take()
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
