//! Where a callback comes from.

use super::core::Core;
use super::failure::{Failure, report};
use super::locals::{Locals, Slot};
use std::any::type_name;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

/// Where a callback was handed to the loop, and what was set there.
pub(super) struct Origin {
    place: &'static Location<'static>,
    locals: Locals,
}

impl Origin {
    /// Here.
    #[track_caller]
    pub(super) fn here() -> Self {
        Self { place: Location::caller(), locals: Locals::current() }
    }

    /// On another thread, whose locals stay there.
    pub(super) fn elsewhere(place: &'static Location<'static>) -> Self {
        Self { place, locals: Locals::default() }
    }

    /// Runs the callback as if it were there; what it sets stays inside. A panic in it ends nothing else.
    pub(super) fn run<F: FnOnce()>(&self, core: &Core, call: F) {
        Slot::new(self.locals.clone()).run(|| {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
                report(&Failure::of_panic("callback", type_name::<F>(), self.place, &*payload));
            }
        });
        core.watch.ended(|blocked| blocked.by("callback", type_name::<F>(), self.place));
    }
}
