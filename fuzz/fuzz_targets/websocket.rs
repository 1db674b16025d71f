//! WebSockets: whatever a client sends, and in whatever pieces, is the same; no message is longer than allowed, and none is wrong.
#![no_main]

use gustnado::fuzzing::{Arrived, Receiver};
use libfuzzer_sys::fuzz_target;

const LONGEST: usize = 100_000;

/// Pieces of messages are cut where bytes happened to arrive; only what they are together can be compared. And a compressed
/// message that breaks two rules breaks first what the bytes that are there show: only that the connection fails is the same.
fn whole(arrived: Vec<Arrived>, compressed: bool) -> (Vec<Arrived>, bool) {
    let mut joined = Vec::new();
    let mut fails = false;
    let mut begun: Vec<u8> = Vec::new();
    for each in arrived {
        match each {
            Arrived::Piece(piece, is_last) => {
                begun.extend(piece);
                if is_last {
                    joined.push(Arrived::Whole(0, std::mem::take(&mut begun)));
                }
            }
            // A message that has arrived at once is not cut.
            Arrived::Whole(1 | 2, payload) => joined.push(Arrived::Whole(0, payload)),
            Arrived::Violation(_) if compressed => fails = true,
            other => joined.push(other),
        }
    }
    (joined, fails)
}

fuzz_target!(|input: &[u8]| {
    let Some((&flags, frames)) = input.split_first() else { return };
    let (compressed, streamed) = (flags & 1 != 0, flags & 8 != 0);
    let receive = |step| whole(Receiver::new(flags, LONGEST).receive(frames, step), compressed);
    let at_once = receive(frames.len().max(1));
    assert_eq!(receive(1), at_once);
    assert_eq!(receive(1 + usize::from(flags >> 4) * 100), at_once);
    for each in &at_once.0 {
        match each {
            Arrived::Whole(0, payload) => assert!(streamed || payload.len() <= LONGEST),
            Arrived::Whole(_, payload) => assert!(payload.len() <= 200),
            _ => {}
        }
    }
});
