//! What the loop does at its own time: a callback, a timeout, one that is taken back, and a callback that comes again and again.
//!
//! The application tells how often the clock has ticked.

use gustnado::prelude::*;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

type Ticks = Rc<Cell<u64>>;

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

    let counted = ticks.clone();
    let tick = move || {
        counted.set(counted.get() + 1);
        println!("tick {}", counted.get());
    };
    let clock = PeriodicCallback::new(tick, SECOND);
    clock.start();

    examples::serve(Application::new(routes![index]).provide(ticks)).await
}
