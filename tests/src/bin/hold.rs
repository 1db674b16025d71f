//! A server for the test of many connections: in a process of its own, so that each side has all the descriptors that a process
//! may have. It says where it listens, and ends with its standard input.

use gustnado::coroutine::sleep;
use gustnado::locks::Event;
use gustnado::{Application, Result, routes};
use std::cell::Cell;
use std::io::{Read, stdin};
use std::time::Duration;

#[gustnado::route("/")]
async fn index() -> &'static str {
    "Hello, world"
}

/// Those who wait for each other.
#[derive(Default)]
struct Crowd {
    size: Cell<usize>,
    complete: Event,
}

/// Answers when so many have asked, and not before.
#[gustnado::route("/together/{count}")]
async fn together(count: usize, crowd: &Crowd) -> &'static str {
    crowd.size.set(crowd.size.get() + 1);
    if crowd.size.get() == count {
        crowd.complete.set();
    }
    crowd.complete.wait().await;
    "Hello, everybody"
}

#[gustnado::main]
async fn main() -> Result {
    let server = Application::new(routes![index, together])
        .provide(Crowd::default())
        .listen("127.0.0.1:0")?;
    println!("{}", server.addresses()[0]);
    std::thread::spawn(|| {
        // However it ends, the test is over.
        let _ = stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    server.run_until(sleep(Duration::from_secs(300))).await
}
