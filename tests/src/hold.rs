//! A server in a process of its own, for tests with very many connections.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// Descriptors that a process has besides its connections.
const OTHERS: usize = 64;

/// The program `hold`, so that each side has all the descriptors that a process may have.
#[derive(Debug)]
pub struct Hold {
    child: Child,
    address: SocketAddr,
}

impl Hold {
    /// Starts the program at `path`.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start(path: &str) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", "ulimit -n $(ulimit -H -n); exec \"$0\"", path])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.as_mut().expect("it was asked for");
        BufReader::new(output).read_line(&mut line).unwrap();
        Self { child, address: line.trim().parse().expect("an address") }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let ended = self.child.wait();
        if !std::thread::panicking() {
            ended.expect("it ends with its input");
        }
    }
}

/// How many connections this process may have, but no more than `wanted`. The shell raises the limit of the server as far as it
/// may; for ourselves we take what we were given.
pub fn connections(wanted: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    let limit: usize =
        line.split_whitespace().nth(3).and_then(|soft| soft.parse().ok()).unwrap_or(1024);
    wanted.min(limit.saturating_sub(OTHERS))
}
