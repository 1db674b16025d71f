//! What the fuzz target needs of frames.

use super::decoder::{Decoder, Event, Rules};
use super::deflate::{Compression, Deflate, Direction};
use super::violation::Violation;

/// The receiving side of a connection, without one.
pub struct Receiver {
    decoder: Decoder,
    deflate: Option<Deflate>,
    masked: bool,
    streamed: bool,
    max_size: usize,
}

/// What has arrived, put so that it can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// A message or a control frame: its opcode, and what it says.
    Whole(u8, Vec<u8>),
    /// A piece of a message, and whether it is the last.
    Piece(Vec<u8>, bool),
    /// A rule was broken.
    Violation(Violation),
}

impl Receiver {
    /// What was agreed upon follows from the bits of `flags`.
    pub fn new(flags: u8, max_size: usize) -> Self {
        let direction = Direction { window_bits: 15, takeover: flags & 2 != 0 };
        let deflate =
            (flags & 1 != 0).then(|| Deflate::new(Compression::default(), direction, direction));
        Self {
            decoder: Decoder::default(),
            deflate,
            masked: flags & 4 != 0,
            streamed: flags & 8 != 0,
            max_size,
        }
    }

    /// What arrives when `input` does, of which at most `step` bytes are there at a time.
    pub fn receive(&mut self, input: &[u8], step: usize) -> Vec<Arrived> {
        let Self { decoder, deflate, masked, streamed, max_size } = self;
        let rules = Rules {
            masked: *masked,
            max_size: *max_size,
            deflate: deflate.as_ref(),
            streamed: *streamed,
        };
        let (mut arrived, mut done, mut seen) = (Vec::new(), 0, 0);
        loop {
            let (count, decoded) = decoder.decode(&input[done..seen], &rules);
            done += count;
            assert!(done <= seen);
            match decoded {
                Ok(Some(event)) => arrived.push(event.into()),
                Ok(None) if seen == input.len() => return arrived,
                Ok(None) => {
                    let more = (seen + step).min(input.len());
                    let read = |room: &mut [u8]| {
                        let count = room.len().min(more - seen);
                        room[..count].copy_from_slice(&input[seen..seen + count]);
                        Ok::<_, ()>(count)
                    };
                    let filled = if done == seen { decoder.fill(&rules, read) } else { None };
                    let Some(Ok(filled)) = filled else {
                        seen = more;
                        continue;
                    };
                    seen += filled.count;
                    done = seen;
                    match filled.event {
                        Ok(event) => arrived.extend(event.map(Arrived::from)),
                        Err(violation) => {
                            arrived.push(Arrived::Violation(violation));
                            return arrived;
                        }
                    }
                }
                Err(violation) => {
                    arrived.push(Arrived::Violation(violation));
                    return arrived;
                }
            }
        }
    }
}

impl From<Event> for Arrived {
    fn from(event: Event) -> Self {
        match event {
            Event::Message(message) => {
                Self::Whole(message.opcode().into(), message.as_bytes().to_vec())
            }
            Event::Piece(_, piece, is_last) => Self::Piece(piece.to_vec(), is_last),
            Event::Ping(payload) => Self::Whole(9, payload.to_vec()),
            Event::Pong => Self::Whole(10, Vec::new()),
            Event::Close(frame) => {
                Self::Whole(8, frame.map_or(Vec::new(), |frame| frame.to_string().into()))
            }
        }
    }
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
