//! What a loop notes for the test that runs on it.

use super::core::Core;
use super::{Dump, IOLoop};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

/// What was noted. Nothing is, unless there is a test.
#[derive(Default)]
pub(super) struct Tested {
    is_test: Cell<bool>,
    /// Whether somebody has heard of the last panic that was reported: an error handler, or who expects it in the log.
    heard: Cell<bool>,
    /// The message of the first panic that nobody has heard of.
    panicked: RefCell<Option<String>>,
    stuck: Cell<Option<Dump>>,
}

/// How a test went, beside what its coroutine has returned.
#[derive(Debug)]
pub(crate) struct Findings {
    /// The message of the first panic that nobody has heard of, such as that of a callback, or of a task without a handle.
    pub(crate) panicked: Option<String>,
    /// Where everybody waited when it went on no longer.
    pub(crate) stuck: Option<Dump>,
    /// The tasks of the user and the descriptors that are still there, one in a line.
    pub(crate) left: String,
}

impl IOLoop {
    /// Begins to take notes. A panic that nobody hears of stops the loop from now on.
    pub(crate) fn begin_test(&self) {
        self.core.tested.is_test.set(true);
    }

    /// Ends the test because it takes too long.
    pub(crate) fn give_up_test(&self) {
        let core = self.core.clone();
        self.dump_then(move |dump| {
            core.tested.stuck.set(Some(dump));
            core.stop();
        });
    }

    /// What was noted.
    pub(crate) fn end_test(&self) -> Findings {
        let Tested { panicked, stuck, .. } = &self.core.tested;
        let left = if self.is_deserted() { String::new() } else { self.inventory() };
        Findings { panicked: panicked.take(), stuck: stuck.take(), left }
    }
}

impl Core {
    /// The loop ends because it cannot wait any more.
    #[cold]
    pub(super) fn stuck(self: &Rc<Self>, root: &mut dyn FnMut(&Waker) -> bool) {
        if self.tested.is_test.get() {
            let dump = self.probe(root);
            self.tested.stuck.set(Some(dump));
        }
    }
}

/// Notes whether somebody has heard of the panic that is being reported on this thread.
pub(crate) fn set_heard(heard: bool) {
    if let Some(core) = Core::current() {
        core.tested.heard.set(heard);
    }
}

/// Takes the panic that was reported last on this thread, if nobody has heard of it.
#[cold]
pub(super) fn unheard(message: &str) {
    let Some(core) = Core::current() else { return };
    let Tested { is_test, heard, panicked, .. } = &core.tested;
    if is_test.get() && !heard.get() {
        panicked.borrow_mut().get_or_insert_with(|| message.to_owned());
        core.stop();
    }
}
