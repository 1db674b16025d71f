//! Counts the turns of a loop.

use gustnado::coroutine::moment;
use gustnado::ioloop::{JoinHandle, spawn};
use std::cell::Cell;
use std::rc::Rc;

/// The turns of this thread's loop, as a task sees them that has one each time; and how much is done in one of them.
#[derive(Debug)]
pub struct Turns {
    now: Rc<Cell<u64>>,
    counter: JoinHandle<()>,
    last: Cell<u64>,
    done: Cell<usize>,
    most: Cell<usize>,
}

impl Turns {
    /// Begins to count.
    pub fn count() -> Self {
        let now = Rc::<Cell<u64>>::default();
        let turn = now.clone();
        let counter = spawn(async move {
            loop {
                turn.set(turn.get() + 1);
                moment().await;
            }
        });
        Self { now, counter, last: Cell::default(), done: Cell::default(), most: Cell::default() }
    }

    /// How many turns there were.
    pub fn now(&self) -> u64 {
        self.now.get()
    }

    /// Notes that something was done in this turn.
    pub fn note(&self) {
        if self.last.replace(self.now.get()) != self.now.get() {
            self.done.set(0);
        }
        self.done.set(self.done.get() + 1);
        self.most.set(self.most.get().max(self.done.get()));
    }

    /// How much was done in one turn, at most.
    pub fn most(&self) -> usize {
        self.most.get()
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        self.counter.cancel();
    }
}
