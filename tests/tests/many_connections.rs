//! Ten thousand connections at once, or as many as the system allows.

use gustnado_tests::Client;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const WANTED: usize = 10_000;

/// Descriptors that a process has besides its connections.
const OTHERS: usize = 64;

/// How many descriptors this process may have. The shell raises the limit of the server as far as it may; for ourselves we take
/// what we were given.
fn descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    line.split_whitespace().nth(3).and_then(|soft| soft.parse().ok()).unwrap_or(1024)
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[test]
fn ten_thousand_keep_alive_connections_are_all_answered_twice() {
    let mut server = Server(
        Command::new("sh")
            .args(["-c", "ulimit -n $(ulimit -H -n); exec \"$0\"", env!("CARGO_BIN_EXE_hold")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut line = String::new();
    BufReader::new(server.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().parse().unwrap();

    let count = WANTED.min(descriptors().saturating_sub(OTHERS));
    let mut clients = Vec::with_capacity(count);
    while clients.len() < count {
        let mut client = Client::connect(address);
        // The backlog is short: an answer says that the server has caught up.
        if clients.len() % 100 == 99 {
            assert_eq!(client.get("/").text(), "Hello, world");
        }
        clients.push(client);
    }
    for _ in 0..2 {
        for clients in clients.chunks_mut(1000) {
            for client in &mut *clients {
                client.send_get("/");
            }
            for client in clients {
                assert_eq!(client.reply().text(), "Hello, world");
            }
        }
    }
    println!("{count} connections");
}
