//! A server that says exactly what a test wants said.

use crate::{Client, PATIENCE};
use socket2::{Domain, Socket, Type};
use std::fmt;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// A listening socket on `127.0.0.1`, whose connections are served one after the other by a test's own code, on a thread.
pub struct Script {
    address: SocketAddr,
    ended: Receiver<thread::Result<()>>,
}

impl Script {
    /// Starts a server that accepts `count` connections, and hands each to `serve` with its number, from zero. A connection is
    /// closed when `serve` drops it.
    ///
    /// # Panics
    ///
    /// If the system does not let it listen.
    pub fn start(count: usize, mut serve: impl FnMut(usize, Client) + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = channel();
        let run = move || {
            for number in 0..count {
                let (socket, _) = listener.accept().unwrap();
                serve(number, Client::accepted(socket));
            }
        };
        thread::spawn(move || {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            // Nobody waits for a test that has failed.
            let _ = end.send(result);
        });
        Self { address, ended }
    }

    /// Answers each request, on a connection of its own, with the next of these bytes, and closes the connection.
    pub fn answers<A: AsRef<[u8]> + Send + 'static>(answers: Vec<A>) -> Self {
        Self::start(answers.len(), move |number, mut client| {
            client.take_until(b"\r\n\r\n");
            client.try_send(&answers[number]).end();
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits until everything has happened as it was written.
    ///
    /// # Panics
    ///
    /// If it has not.
    pub fn finish(self) {
        match self.ended.recv_timeout(PATIENCE).expect("the script ends") {
            Ok(()) => {}
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }
}

/// An address at which connecting takes for ever, as long as what is returned beside it is kept: its queue is full, and the system
/// ignores whoever else comes.
///
/// # Panics
///
/// If the system does not let it listen.
pub fn unreachable() -> (SocketAddr, impl Sized) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(client) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        queue.push(client);
    }
    (address, (listener, queue))
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("address", &self.address).finish_non_exhaustive()
    }
}
