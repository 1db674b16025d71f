//! A child's place: first its future, then its outcome.

#![allow(unsafe_code, reason = "an island named in DESIGN.md: pins the elements of a pinned slice")]

use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The place of one child.
    #[project = SlotProjection]
    pub enum Slot<F: Future> {
        Waiting { #[pin] future: F },
        Done { outcome: Option<F::Output> },
    }
}

impl<F: Future> Slot<F> {
    pub(in crate::coroutine) fn new(future: F) -> Self {
        Self::Waiting { future }
    }

    /// Gives the child a turn; says whether it has ended just now.
    pub(in crate::coroutine) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let SlotProjection::Waiting { future } = self.as_mut().project() else { return false };
        let Poll::Ready(outcome) = future.poll(cx) else { return false };
        self.set(Self::Done { outcome: Some(outcome) });
        true
    }

    /// The outcome of a child that has ended.
    pub(in crate::coroutine) fn take(self: Pin<&mut Self>) -> Option<F::Output> {
        match self.project() {
            SlotProjection::Waiting { .. } => None,
            SlotProjection::Done { outcome } => outcome.take(),
        }
    }
}

impl<F: Future> fmt::Debug for Slot<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

/// Any number of children, on the heap.
pub(in crate::coroutine) struct Slots<F: Future>(Pin<Box<[Slot<F>]>>);

impl<F: Future> Slots<F> {
    pub(in crate::coroutine) fn new(children: impl IntoIterator<Item = F>) -> Self {
        Self(Box::into_pin(children.into_iter().map(Slot::new).collect()))
    }

    pub(in crate::coroutine) fn len(&self) -> usize {
        self.0.len()
    }

    /// The place of one child.
    pub(in crate::coroutine) fn slot(&mut self, index: usize) -> Option<Pin<&mut Slot<F>>> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: the boxed slice is pinned and so are its elements: none is ever moved out of it, and no other reference to them
        // is handed out.
        Some(unsafe { self.0.as_mut().map_unchecked_mut(|slots| &mut slots[index]) })
    }

    /// The outcomes of all children.
    pub(in crate::coroutine) fn take_all(&mut self) -> impl Iterator<Item = Option<F::Output>> {
        (0..self.len()).map(|index| self.slot(index).and_then(Slot::take))
    }
}
