//! A source of bytes that counts how often it is asked.

use bytes::Bytes;
use futures_core::Stream;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// A stream of equal pieces.
#[derive(Clone, Debug)]
pub struct Source {
    piece: Bytes,
    left: usize,
    asked: Arc<AtomicUsize>,
}

impl Source {
    /// A stream of `count` times `piece`.
    pub fn new(piece: impl Into<Bytes>, count: usize) -> Self {
        Self { piece: piece.into(), left: count, asked: Arc::default() }
    }

    /// How many pieces were asked for, by all its clones.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Stream for Source {
    type Item = Result<Bytes, Box<dyn Error>>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.asked.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Some(Ok(self.piece.clone())))
    }
}
