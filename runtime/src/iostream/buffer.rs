//! Read buffers, lent by the thread for as long as bytes are pending.

use std::cell::RefCell;
use std::fmt;

/// The size of a lent block. One read fills it at most; it holds the heads of a hundred pipelined requests.
pub(super) const BLOCK: usize = 16 * 1024;

/// The size of a block for who is sent more than fits into the usual one: a quarter of the calls for a long body.
const LARGE: usize = 4 * BLOCK;

/// So many bytes are kept for later, of each kind of buffers, by each thread.
const KEPT: usize = 64 * BLOCK;

thread_local! {
    static BUFFERS: RefCell<Vec<Buffer>> = const { RefCell::new(Vec::new()) };
    static LARGE_BUFFERS: RefCell<Vec<Buffer>> = const { RefCell::new(Vec::new()) };
}

/// The size of a block for records of TLS, the longest of which are a little longer than the others.
#[cfg(feature = "tls")]
const RECORDS: usize = 2 * BLOCK;

#[cfg(feature = "tls")]
thread_local! {
    static RECORD_BUFFERS: RefCell<Vec<Buffer>> = const { RefCell::new(Vec::new()) };
}

/// Bytes that were read and not consumed yet. It grows as needed; the limit is its user's to keep.
pub(crate) struct Buffer(Box<Pending>);

struct Pending {
    /// Initialised for its whole length, always, so that a read can be given any part of it.
    block: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// Borrows an empty buffer.
    pub(crate) fn lend() -> Self {
        let buffer = BUFFERS.try_with(|buffers| buffers.borrow_mut().pop()).ok().flatten();
        buffer.unwrap_or_else(|| Self::new(BLOCK))
    }

    /// Borrows an empty buffer for more than the usual one holds.
    pub(super) fn lend_large() -> Self {
        let buffer = LARGE_BUFFERS.try_with(|buffers| buffers.borrow_mut().pop()).ok().flatten();
        buffer.unwrap_or_else(|| Self::new(LARGE))
    }

    /// Borrows an empty buffer that has room for records.
    #[cfg(feature = "tls")]
    pub(super) fn lend_for_records() -> Self {
        let buffer = RECORD_BUFFERS.try_with(|buffers| buffers.borrow_mut().pop()).ok().flatten();
        buffer.unwrap_or_else(|| Self::new(RECORDS))
    }

    fn new(size: usize) -> Self {
        Self(Box::new(Pending { block: vec![0; size], start: 0, end: 0 }))
    }

    /// Gives a buffer back to the thread, unless it has grown.
    pub(crate) fn give_back(mut self) {
        let size = self.0.block.len();
        let others = match size {
            BLOCK => &BUFFERS,
            LARGE => &LARGE_BUFFERS,
            #[cfg(feature = "tls")]
            RECORDS => &RECORD_BUFFERS,
            _ => return,
        };
        (self.0.start, self.0.end) = (0, 0);
        // At the thread's end the others may be gone; this one then goes their way.
        let _ = others.try_with(|buffers| {
            let mut buffers = buffers.borrow_mut();
            if buffers.len() < KEPT / size {
                buffers.push(self);
            }
        });
    }

    /// The pending bytes.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0.block[self.0.start..self.0.end]
    }

    #[cfg(feature = "tls")]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0.block[self.0.start..self.0.end]
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.end - self.0.start
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.start == self.0.end
    }

    /// Forgets the first `count` pending bytes.
    #[inline]
    pub(crate) fn consume(&mut self, count: usize) {
        self.0.start += count.min(self.len());
        if self.is_empty() {
            self.0.start = 0;
            self.0.end = 0;
        }
    }

    /// Room for a read: what is left of the block, or more if that is little.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        const LITTLE: usize = BLOCK / 4;
        let length = self.len();
        let Pending { block, start, end } = &mut *self.0;
        if block.len() - *end < LITTLE {
            if *start >= LITTLE.max(length) {
                block.copy_within(*start..*end, 0);
                *end -= *start;
                *start = 0;
            } else {
                // Doubling keeps the copying linear in what is read.
                block.resize(block.len() * 2, 0);
            }
        }
        &mut block[*end..]
    }

    /// Counts `count` bytes of the room as pending.
    pub(crate) fn fill(&mut self, count: usize) {
        self.0.end = (self.0.end + count).min(self.0.block.len());
    }

    /// Appends bytes that came from elsewhere.
    #[cfg(any(test, feature = "tls"))]
    pub(crate) fn extend(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.room();
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            self.fill(count);
            bytes = &bytes[count..];
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("pending", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out_in_order_however_it_is_cut() {
        let mut buffer = Buffer::lend();
        let (mut put, mut got) = (Vec::new(), Vec::new());
        for step in 0..400usize {
            let bytes: Vec<u8> = (0..step * 7 % 501).map(|byte| (byte + step) as u8).collect();
            buffer.extend(&bytes);
            put.extend(bytes);
            let count = (step * 13 % 450).min(buffer.len());
            got.extend_from_slice(&buffer.bytes()[..count]);
            buffer.consume(count);
        }
        got.extend_from_slice(buffer.bytes());
        assert_eq!(put, got);
    }

    #[test]
    fn a_grown_buffer_is_not_kept() {
        let mut buffer = Buffer::lend();
        buffer.extend(&vec![7; BLOCK * 3]);
        assert_eq!(buffer.len(), BLOCK * 3);
        buffer.give_back();
        assert_eq!(Buffer::lend().0.block.len(), BLOCK);
    }

    #[test]
    fn a_large_buffer_is_lent_again() {
        let buffer = Buffer::lend_large();
        let block = buffer.0.block.as_ptr();
        buffer.give_back();
        assert_eq!(Buffer::lend_large().0.block.as_ptr(), block);
    }
}
