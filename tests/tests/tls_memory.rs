//! What a connection inside of TLS holds while it waits for a request: the state of its ciphers, and no buffers.
//!
//! A test binary of its own, because its allocator counts: what the server's thread holds.

#![allow(unsafe_code, reason = "an allocator cannot be written without it")]

use gustnado::iostream::IOStream;
use gustnado::tcpclient::TCPClient;
use gustnado::tls::{ClientOptions, Pem, ServerOptions};
use gustnado::{Application, routes};
use gustnado_tests::{Authority, Server, eventually};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    /// The bytes that this thread has allocated and not freed.
    static HELD: Cell<isize> = const { Cell::new(0) };
}

fn hold(size: usize, sign: isize) {
    // At the thread's end there is nothing to count any more.
    let _ = HELD.try_with(|held| held.set(held.get() + sign * size as isize));
}

// SAFETY: everything is left to the system's allocator, and counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        hold(layout.size(), 1);
        // SAFETY: by this function's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        hold(layout.size(), -1);
        // SAFETY: by this function's contract.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[gustnado::route("/")]
async fn index() -> &'static str {
    "Hello, world"
}

async fn connect(port: u16, options: &ClientOptions) -> IOStream {
    let stream = TCPClient::new().connect_tls("127.0.0.1", port, options).await.unwrap();
    for _ in 0..3 {
        stream.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        stream.read_until(b"Hello, world").await.unwrap();
    }
    stream
}

#[gustnado::test(timeout = 60)]
async fn a_connection_that_rests_holds_no_buffers() {
    const COUNT: usize = 100;
    /// A third of the least buffer for records, of which there are two in most implementations.
    const LITTLE: isize = 6 * 1024;
    let authority = Authority::new("authority");
    let own = authority.issue(&["127.0.0.1"]);
    let options = ServerOptions::new(Pem::text(own.certificate), Pem::text(own.key));
    let server = Server::application(|| Application::new(routes![index]));
    let address = server.run(move |http| async move {
        http.listen_tls(([127, 0, 0, 1], 0).into(), &options).unwrap()
    });
    let client = ClientOptions::new().ca_certs(Pem::text(authority.certificate()));
    let held = || server.run(|_| async { HELD.get() });
    // What the thread keeps for later is there after the first ones.
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(connect(address.port(), &client).await);
    }
    let before = held();
    for _ in 0..COUNT {
        streams.push(connect(address.port(), &client).await);
    }
    let each = (held() - before) / COUNT as isize;
    println!("{each} bytes for each connection");
    assert!(each > 0 && each < LITTLE, "{each} bytes for each connection");
    drop(streams);
    eventually("all have left", || server.connections() == 0);
}
