//! What the tests of locks and queues against simple models share.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Random numbers from a seed; SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % sides as u64) as usize
    }
}

/// A future that is polled by hand. It insists on having been woken before it is ready.
pub(crate) struct Waiter<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    woken: Arc<Woken>,
    polled: bool,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<'a, T> Waiter<'a, T> {
    pub(crate) fn new(future: impl Future<Output = T> + 'a) -> Self {
        Self { future: Box::pin(future), woken: Arc::new(Woken(false.into())), polled: false }
    }

    pub(crate) fn poll(&mut self) -> Poll<T> {
        let was_woken = self.woken.0.load(Ordering::Relaxed);
        if self.polled && !was_woken {
            // Another waker than last time, which the future has to remember instead.
            self.woken = Arc::new(Woken(false.into()));
        }
        let waker = Waker::from(self.woken.clone());
        let poll = self.future.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending() || was_woken || !self.polled, "it is ready and was not woken");
        self.polled = true;
        poll
    }

    /// What it ends with, if it is ready.
    pub(crate) fn now(&mut self) -> Option<T> {
        match self.poll() {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    /// Whether it still waits.
    pub(crate) fn waits(&mut self) -> bool {
        self.poll().is_pending()
    }
}
