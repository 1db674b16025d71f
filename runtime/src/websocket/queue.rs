//! What is to be sent at the end of the turn.

use bytes::Bytes;
use std::cell::Cell;

/// How much memory the thread keeps for the next who has something to say.
const KEPT: usize = 128 * 1024;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Frames that were not sent yet. Its memory is the thread's, so a connection that has nothing to say holds none.
#[derive(Debug, Default)]
pub(super) struct Queue {
    buffer: Vec<u8>,
    /// A frame that others send, too; only as long as it is alone.
    shared: Bytes,
    /// What is kept back while a message is sent in pieces.
    held: Option<Box<Held>>,
}

/// Frames of messages that come after the one that is being sent.
#[derive(Debug, Default)]
struct Held(Vec<u8>);

/// What a queue has to send: one of them is empty.
pub(super) struct Batch {
    pub(super) buffer: Vec<u8>,
    pub(super) shared: Bytes,
}

impl Queue {
    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.buffer.len() + self.shared.len() + self.held.as_ref().map_or(0, |held| held.0.len())
    }

    /// Where a frame is appended that must not be kept back.
    #[inline]
    pub(super) fn urgent(&mut self) -> &mut Vec<u8> {
        if self.buffer.capacity() == 0 {
            self.buffer = SPARE.take();
            if !self.shared.is_empty() {
                self.buffer.extend_from_slice(&std::mem::take(&mut self.shared));
            }
        }
        &mut self.buffer
    }

    /// Where a frame is appended.
    #[inline]
    pub(super) fn usual(&mut self) -> &mut Vec<u8> {
        if self.held.is_some() {
            return &mut self.held.get_or_insert_default().0;
        }
        self.urgent()
    }

    /// Appends a frame that others send, too.
    pub(super) fn share(&mut self, frame: &Bytes) {
        if self.buffer.is_empty() && self.shared.is_empty() && self.held.is_none() {
            self.shared = frame.clone();
        } else {
            self.usual().extend_from_slice(frame);
        }
    }

    /// Keeps back what is not urgent; says whether it was not kept back already.
    pub(super) fn hold(&mut self) -> bool {
        self.held.is_none() && self.held.replace(Box::default()).is_none()
    }

    /// Lets go what was kept back.
    pub(super) fn release(&mut self) {
        if let Some(held) = self.held.take() {
            self.urgent().extend_from_slice(&held.0);
        }
    }

    /// Whether messages are kept back.
    pub(super) fn is_holding(&self) -> bool {
        self.held.is_some()
    }

    /// Takes what is to be sent.
    pub(super) fn take(&mut self) -> Batch {
        Batch { buffer: std::mem::take(&mut self.buffer), shared: std::mem::take(&mut self.shared) }
    }
}

/// Gives memory back to the thread.
pub(super) fn give_back(mut buffer: Vec<u8>) {
    if buffer.capacity() <= KEPT {
        buffer.clear();
        SPARE.set(buffer);
    }
}
