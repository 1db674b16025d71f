//! may_minihttp: stackful coroutines on one worker.

use std::io;

use may_minihttp::{HttpServer, HttpService, Request, Response};

#[derive(Clone)]
struct Plaintext;

impl HttpService for Plaintext {
    fn call(&mut self, request: Request, response: &mut Response) -> io::Result<()> {
        if request.path() == peer::PATH {
            response.header("Content-Type: text/plain; charset=utf-8").body(peer::BODY);
        } else {
            response.status_code(404, "Not Found");
        }
        Ok(())
    }
}

fn main() -> io::Result<()> {
    // The stack that its entry in TechEmpower's benchmarks sets.
    may::config().set_workers(1).set_pool_capacity(1000).set_stack_size(0x1000);
    match HttpServer(Plaintext).start(peer::address())?.join() {
        Ok(()) => Ok(()),
        Err(_) => Err(io::Error::other("the server panicked")),
    }
}
