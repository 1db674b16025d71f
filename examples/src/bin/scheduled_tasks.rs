//! What the loop does at its own time: a callback, a timeout, one that repeats itself, and one that is taken back.
//!
//! The application tells how often the clock has ticked.

use gustnado::prelude::*;
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

type Ticks = Rc<Cell<u64>>;

/// Ticks once a second, on the second: each deadline is counted from the one before, so that being late does not add up.
fn tick(io_loop: IOLoop, ticks: Ticks, deadline: Instant) {
    ticks.set(ticks.get() + 1);
    println!("tick {}", ticks.get());
    let next = deadline + SECOND;
    let again = io_loop.clone();
    io_loop.call_at(next, move || tick(again, ticks, next));
}

#[route("/")]
async fn index(ticks: &Ticks) -> String {
    format!("The clock has ticked {} times.\n", ticks.get())
}

#[gustnado::main]
async fn main() -> Result<()> {
    let io_loop = IOLoop::current();
    let ticks = Ticks::default();

    io_loop.add_callback(|| println!("this runs in the next turn"));
    io_loop.call_later(SECOND / 2, || println!("this runs half a second later"));
    let never = io_loop.call_later(2 * SECOND, || println!("this never runs"));
    io_loop.call_later(SECOND, {
        let io_loop = io_loop.clone();
        move || io_loop.remove_timeout(never)
    });

    let first = io_loop.time() + SECOND;
    io_loop.call_at(first, {
        let (io_loop, ticks) = (io_loop.clone(), ticks.clone());
        move || tick(io_loop, ticks, first)
    });

    examples::serve(Application::new(routes![index]).provide(ticks)).await
}
