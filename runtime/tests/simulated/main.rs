//! The simulated world, and what is proved in it: random programs of timers, locks, queues, streams and servers, each run with many
//! seeds. `GUSTNADO_SEEDS=1000` runs a thousand.
//!
//! Where a model can say what must happen, and when, the program must do exactly that; else what must hold whatever happens is
//! checked. Nothing may be left behind: no socket, no task, no permit, no item.

mod http;
mod locks;
mod queues;
mod seeds;
mod servers;
mod streams;
mod timers;
mod trace;
mod websockets;
mod world;

use gustnado::coroutine::{moment, sleep, sleep_until};
use gustnado::ioloop::{IOLoop, JoinHandle, spawn};
use gustnado::iostream::IOStream;
use gustnado::tcpserver::TCPServer;
use gustnado::testing::Simulation;
use std::cell::{Cell, RefCell};
use std::future::ready;
use std::rc::Rc;
use std::time::Duration;

const LOCAL: [u8; 4] = [127, 0, 0, 1];
const SERVER: [u8; 4] = [10, 0, 0, 2];

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

/// A number below `bound`.
fn random_below(bound: usize) -> usize {
    Simulation::current().random(0..=bound as u64 - 1) as usize
}

/// The next turn of the loop, at the same moment.
async fn turn() {
    moment().await;
    moment().await;
}

/// Cancels a task at a moment; in one of its first turns, so that anything may have just happened to the task.
fn cancel_at<T: 'static>(when: Duration, task: JoinHandle<T>) {
    spawn(async move {
        at(when).await;
        some_turns().await;
        task.cancel();
    });
}

/// A few turns of the loop, or none, at the same moment.
async fn some_turns() {
    for _ in 0..random_below(3) {
        moment().await;
    }
}

/// Both ends of a connection from `127.0.0.1` to `10.0.0.2`.
async fn pair() -> (IOStream, IOStream) {
    let accepted = Rc::new(Cell::new(None));
    let server = TCPServer::new({
        let accepted = accepted.clone();
        move |stream, _| {
            accepted.set(Some(stream));
            ready(())
        }
    });
    let address = server.listen((SERVER, 0).into()).unwrap();
    let client = IOStream::connect(address).await.unwrap();
    loop {
        match accepted.take() {
            Some(peer) => return (client, peer),
            None => sleep(Duration::from_millis(1)).await,
        }
    }
}

/// Sees that nobody has an end of a connection any more, once the last words have arrived.
async fn leaves_nothing() {
    sleep(seconds(10)).await;
    let world = Simulation::current();
    assert_eq!(world.sockets(), 0, "{:?}", world.connections());
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
