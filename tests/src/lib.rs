//! Black-box tests of gustnado over real sockets: what they share.
//!
//! A test starts a [`Server`] on a thread of its own, talks to it with blocking [`Client`]s, and drops it. Nothing here waits
//! longer than [`PATIENCE`], whatever goes wrong.

mod authority;
mod client;
mod folder;
mod frames;
mod hold;
mod script;
mod server;
mod source;
mod turns;

pub use authority::{Authority, Certified};
pub use client::{Client, Reply};
pub use folder::Folder;
pub use frames::{Frames, handshake, masked};
pub use hold::{Hold, connections};
pub use script::{Script, unreachable};
pub use server::{Server, answer, echo, handler};
pub use source::Source;
pub use turns::Turns;

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `condition` holds.
///
/// # Panics
///
/// If it does not in time.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// So many milliseconds.
pub fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}
