//! Coroutine frames: futures whose type is forgotten, in memory of the loop's pool.

#![allow(unsafe_code, reason = "an island named in DESIGN.md: forgets the types of futures")]

use super::pool::Pooled;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future of some type, pinned in memory that the loop's pool lends; on a warm loop, making one allocates nothing.
///
/// It is what `Pin<Box<dyn Future<Output = T>>>` is elsewhere, without the allocator.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::ioloop::Frame;
///
/// let frame: Frame<u32> = Frame::new(async { 40 + 2 });
/// assert_eq!(frame.await, 42);
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a coroutine does nothing until it is awaited or spawned"]
pub struct Frame<T>(Pin<Pooled<dyn Future<Output = T>>>);

impl<T> Frame<T> {
    /// Moves `future` into a frame.
    #[inline]
    pub fn new<F: Future<Output = T> + 'static>(future: F) -> Self {
        // SAFETY: the closure only coerces its pointer.
        let frame = unsafe { Pooled::new(future).unsize(|ptr| ptr as *mut dyn Future<Output = T>) };
        // SAFETY: the block's address is stable, and nothing moves the future out of it before it is dropped there.
        Self(unsafe { Pin::new_unchecked(frame) })
    }
}

impl<T> Future for Frame<T> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.0.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Frame<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").finish_non_exhaustive()
    }
}
