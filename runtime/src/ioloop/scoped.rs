//! Futures with locals of their own.

use super::locals::{Locals, Slot};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The future of [`Local::scope`](super::Local::scope) and [`Locals::scope`].
    #[must_use = "futures do nothing until they are awaited"]
    pub struct Scoped<F> {
        slot: Slot,
        // `None` once it was dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Scoped<F> {
        fn drop(this: Pin<&mut Self>) {
            this.end();
        }
    }
}

impl<F> Scoped<F> {
    pub(super) fn new(locals: Locals, future: F) -> Self {
        Self { slot: Slot::new(locals), future: Some(future) }
    }

    /// Drops the future, whose destructors may want to know their locals.
    pub(super) fn end(self: Pin<&mut Self>) {
        let this = self.project();
        let mut future = this.future;
        this.slot.run(|| future.set(None));
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        match this.future.as_pin_mut() {
            Some(future) => this.slot.run(|| future.poll(cx)),
            None => panic!("a future was polled after it had panicked"),
        }
    }
}

impl<F> fmt::Debug for Scoped<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").finish_non_exhaustive()
    }
}
