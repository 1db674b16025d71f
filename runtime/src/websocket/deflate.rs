//! Compression of messages: RFC 7692 §7.

use super::violation::Violation;
use std::cell::RefCell;
use std::fmt;
use zlib_rs::{DeflateConfig, DeflateFlush, Inflate, InflateFlush, Status};

/// How messages are compressed, if both sides agree: the extension permessage-deflate.
///
/// ```
/// use gustnado::websocket::Compression;
///
/// // Better, for 300 KiB of memory a connection.
/// let compression = Compression { context_takeover: true, ..Compression::default() };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// From 0, nothing but frames around what is sent, to 9, as small as it gets. Default 6.
    pub level: u8,
    /// How much memory a compressor uses for finding repetitions, from 1 to 9. Default 8.
    pub mem_level: u8,
    /// How far back repetitions are looked for: 2 to the power of this many bytes, from 9 to 15. Default 15. The other side may ask for
    /// less.
    pub window_bits: u8,
    /// Whether a message may refer to those before. Default `false`: the connections of a thread then share a compressor, and one
    /// that waits costs no memory for it. If `true`, each side remembers what it has sent and received for as long as the connection
    /// lasts, if the other side agrees; small messages that resemble each other then become much smaller.
    pub context_takeover: bool,
    /// Messages below this many bytes are sent as they are. Default 32.
    pub min_size: usize,
}

impl Default for Compression {
    fn default() -> Self {
        Self { level: 6, mem_level: 8, window_bits: 15, context_takeover: false, min_size: 32 }
    }
}

/// What was agreed upon for the messages of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Direction {
    pub(super) window_bits: u8,
    pub(super) takeover: bool,
}

/// The extension of a connection.
pub(super) struct Deflate {
    compression: Compression,
    pub(super) sends: Direction,
    pub(super) receives: Direction,
    /// Those that remember, once they are needed.
    compressor: RefCell<Option<Compressor>>,
    inflate: RefCell<Option<Inflate>>,
}

/// What every compressed message ends with, and what is therefore not sent. §7.2.1
pub(super) const TAIL: &[u8] = &[0, 0, 0xff, 0xff];

/// The least window that zlib compresses with. The other side may ask for less; it is then sent nothing compressed, which is always
/// allowed.
const LEAST_BITS: u8 = 9;

/// So many of each kind are kept by the thread for later.
const KEPT: usize = 4;

thread_local! {
    static COMPRESSORS: RefCell<Vec<Compressor>> = const { RefCell::new(Vec::new()) };
    static INFLATES: RefCell<Vec<Inflate>> = const { RefCell::new(Vec::new()) };
}

impl Deflate {
    pub(super) fn new(compression: Compression, sends: Direction, receives: Direction) -> Self {
        Self {
            compression,
            sends,
            receives,
            compressor: RefCell::default(),
            inflate: RefCell::default(),
        }
    }

    /// What makes two connections send the same bytes for the same message; `None` if that also depends on earlier ones.
    pub(super) fn style(&self) -> Style {
        Style {
            level: self.compression.level.min(9),
            mem_level: self.compression.mem_level.clamp(1, 9),
            window_bits: self.sends.window_bits,
        }
    }

    /// The payload, compressed, if that is worth it.
    pub(super) fn compress(&self, payload: &[u8]) -> Option<Vec<u8>> {
        if !self.is_worthwhile(payload) {
            return None;
        }
        if !self.sends.takeover {
            return self.style().compress(payload);
        }
        let mut compressor = self.compressor.borrow_mut();
        let compressed =
            compressor.get_or_insert_with(|| Compressor::new(self.style())).run(payload);
        if compressed.is_none() {
            // It remembers something that the other side has not seen.
            *compressor = None;
        }
        compressed
    }

    /// Whether a message of this payload is compressed at all.
    pub(super) fn is_worthwhile(&self, payload: &[u8]) -> bool {
        payload.len() >= self.compression.min_size && self.sends.window_bits >= LEAST_BITS
    }

    /// Something was sent that the own compressor has not seen: it must not refer to anything before.
    pub(super) fn forget(&self) {
        if let Some(compressor) = &mut *self.compressor.borrow_mut() {
            compressor.deflate.reset();
        }
    }

    /// A compressed message arrives.
    pub(super) fn begin(&self) -> Inflating {
        let own = self.inflate.borrow_mut().take();
        Inflating(own.unwrap_or_else(|| self.new_inflate()))
    }

    fn new_inflate(&self) -> Inflate {
        if self.receives.takeover {
            return Inflate::new(false, self.receives.window_bits);
        }
        let kept = INFLATES.try_with(|kept| kept.borrow_mut().pop()).ok().flatten();
        kept.unwrap_or_else(|| Inflate::new(false, 15))
    }

    /// A compressed message has arrived.
    pub(super) fn end(&self, inflating: Inflating) {
        let Inflating(mut inflate) = inflating;
        if self.receives.takeover {
            self.inflate.replace(Some(inflate));
            return;
        }
        inflate.reset(false);
        // At the thread's end the others may be gone; this one then goes their way.
        let _ = INFLATES.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < KEPT {
                kept.push(inflate);
            }
        });
    }
}

impl fmt::Debug for Deflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflate")
            .field("sends", &self.sends)
            .field("receives", &self.receives)
            .finish_non_exhaustive()
    }
}

/// What decides about the outcome of compressing something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    level: u8,
    mem_level: u8,
    window_bits: u8,
}

impl Style {
    /// The payload, compressed without regard to any other, by a compressor of the thread; `None` if that makes it no smaller.
    pub(super) fn compress(self, payload: &[u8]) -> Option<Vec<u8>> {
        let take = |kept: &RefCell<Vec<Compressor>>| {
            let mut kept = kept.borrow_mut();
            let at = kept.iter().position(|each| each.style == self)?;
            Some(kept.swap_remove(at))
        };
        let kept = COMPRESSORS.try_with(take).ok().flatten();
        let mut compressor = kept.unwrap_or_else(|| Compressor::new(self));
        let compressed = compressor.run(payload)?;
        compressor.deflate.reset();
        let _ = COMPRESSORS.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            kept.truncate(KEPT - 1);
            kept.push(compressor);
        });
        (compressed.len() < payload.len()).then_some(compressed)
    }
}

struct Compressor {
    deflate: zlib_rs::Deflate,
    style: Style,
}

impl Compressor {
    fn new(style: Style) -> Self {
        let config = DeflateConfig {
            level: style.level.into(),
            window_bits: -i32::from(style.window_bits),
            mem_level: style.mem_level.into(),
            ..DeflateConfig::default()
        };
        Self { deflate: zlib_rs::Deflate::new_with_config(config), style }
    }

    /// The payload of a message, compressed. §7.2.1
    fn run(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut rest = payload;
        loop {
            let begin = out.len();
            out.resize(begin + rest.len() + 64, 0);
            let (read, written) = (self.deflate.total_in(), self.deflate.total_out());
            let room = &mut out[begin..];
            let size = room.len();
            self.deflate.compress(rest, room, DeflateFlush::SyncFlush).ok()?;
            let count = (self.deflate.total_out() - written) as usize;
            rest = &rest[(self.deflate.total_in() - read) as usize..];
            out.truncate(begin + count);
            // It has more to say as long as it fills all the room.
            if rest.is_empty() && count < size {
                break;
            }
        }
        match out.strip_suffix(TAIL) {
            Some(short) => out.truncate(short.len()),
            // After a message that was flushed, an empty one leaves nothing to flush. §7.2.3.6
            None => out = vec![0],
        }
        Some(out)
    }
}

/// A compressed message that is arriving.
pub(super) struct Inflating(Inflate);

/// So much room is made at a time.
const ROOM: usize = 16 * 1024;

impl Inflating {
    /// Decompresses some more of the message and appends it to `out`: no more than `limit` bytes.
    pub(super) fn push(
        &mut self,
        mut input: &[u8],
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), Violation> {
        let Self(inflate) = self;
        let first = out.len();
        loop {
            let begin = out.len();
            // One byte more than allowed shows that it is too much.
            let left = (limit - (begin - first)).saturating_add(1);
            out.resize(begin + left.min(ROOM), 0);
            let (read, written) = (inflate.total_in(), inflate.total_out());
            let room = &mut out[begin..];
            let size = room.len();
            let status = inflate.decompress(input, room, InflateFlush::NoFlush);
            let consumed = (inflate.total_in() - read) as usize;
            let count = (inflate.total_out() - written) as usize;
            out.truncate(begin + count);
            input = &input[consumed..];
            if out.len() - first > limit {
                return Err(Violation::TooBigInflated);
            }
            match status {
                // The sender has ended a stream; it begins another one. §7.2.3.5
                Ok(Status::StreamEnd) => inflate.reset(false),
                Ok(_) if count == size => {}
                Ok(_) if input.is_empty() => return Ok(()),
                Ok(_) if consumed > 0 => {}
                _ => return Err(Violation::NotDeflate),
            }
        }
    }
}

impl fmt::Debug for Inflating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflating").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
