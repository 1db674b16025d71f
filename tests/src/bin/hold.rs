//! A server for the test of many connections: in a process of its own, so that each side has all the descriptors that a process
//! may have. It says where it listens, and ends with its standard input.

use gustnado::coroutine::sleep;
use gustnado::{Application, Result, routes};
use std::io::{Read, stdin};
use std::time::Duration;

#[gustnado::route("/")]
async fn index() -> &'static str {
    "Hello, world"
}

#[gustnado::main]
async fn main() -> Result {
    let server = Application::new(routes![index]).listen("127.0.0.1:0")?;
    println!("{}", server.addresses()[0]);
    std::thread::spawn(|| {
        // However it ends, the test is over.
        let _ = stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    server.run_until(sleep(Duration::from_secs(300))).await
}
