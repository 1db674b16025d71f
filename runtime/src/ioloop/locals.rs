//! Which task-locals are set, and for whom.
//!
//! Those of whoever runs now have a place of the thread. A task keeps its own in a [`Slot`], which changes places with that one
//! while the task has its turn. Handing locals on counts a reference; they are copied when somebody who shares them changes them.

use super::failure::Handler;
use super::scoped::Scoped;
use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use tracing::Span;

thread_local! {
    /// Those of whoever runs now; while the loop itself does, none. Without a destructor, so that nobody has to ask whether it has
    /// run already.
    static PRESENT: Cell<ManuallyDrop<Locals>> = const { Cell::new(ManuallyDrop::new(Locals(None))) };

    /// Drops what is left at the thread's end, if anything was ever set.
    static END: End = const { End };
}

struct End;

impl Drop for End {
    fn drop(&mut self) {
        drop(replace_present(Locals(None)));
    }
}

/// All that is set for a coroutine: the values of each [`Local`](super::Local), the [error handlers](super::ErrorHandler), and the
/// span of the request. Python's `copy_context`.
///
/// The loop hands them on by itself, to coroutines, callbacks, timeouts and handlers. This is for code that keeps callbacks in a
/// queue of its own (Tornado's `stack_context.wrap`), and for work that outlives who began it, and should not know of it (its
/// `NullContext`):
///
/// ```
/// use gustnado::ioloop::{IOLoop, Local, Locals, spawn};
///
/// static USER: Local<&str> = Local::new();
///
/// IOLoop::new()?.run_sync(async {
///     USER.set("ann");
///     let locals = Locals::current();
///     let callback = move || locals.run(|| USER.cloned());
///     USER.set("ben");
///     assert_eq!(callback(), Some("ann"));
///
///     let nobodys = Locals::default().run(|| spawn(async { USER.cloned() }));
///     assert_eq!(nobodys.await.unwrap(), None);
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Locals(Option<Rc<Values>>);

#[derive(Clone, Default)]
struct Values {
    /// They are few: searching them takes no longer than hashing a key.
    set: Vec<(usize, Rc<dyn Any>)>,
    handler: Option<Rc<Handler>>,
    span: Option<Span>,
}

impl Locals {
    /// What is set now, for who calls this.
    #[inline]
    pub fn current() -> Self {
        present(|locals| locals.clone())
    }

    /// Runs `call` with these locals. What it sets is gone when it returns.
    pub fn run<R>(&self, call: impl FnOnce() -> R) -> R {
        Slot::new(self.clone()).run(call)
    }

    /// Runs `future` with these locals. What it sets stays inside.
    pub fn scope<F: Future>(self, future: F) -> Scoped<F> {
        Scoped::new(self, future)
    }

    /// The value with this key.
    pub(super) fn find(&self, key: usize) -> Option<&Rc<dyn Any>> {
        self.0.as_ref()?.set.iter().find_map(|(other, value)| (*other == key).then_some(value))
    }

    /// Gives a key another value, or none; returns the one before, to be dropped where its destructor can do no harm.
    pub(super) fn replace(
        &mut self,
        key: usize,
        value: Option<Rc<dyn Any>>,
    ) -> Option<Rc<dyn Any>> {
        if self.0.is_none() && value.is_none() {
            return None;
        }
        let set = &mut self.values().set;
        let at = set.iter().position(|(other, _)| *other == key);
        match (at, value) {
            (Some(at), Some(value)) => Some(std::mem::replace(&mut set[at].1, value)),
            (Some(at), None) => Some(set.remove(at).1),
            (None, Some(value)) => {
                set.push((key, value));
                None
            }
            (None, None) => None,
        }
    }

    /// Changes what is set for who calls this; returns the value before.
    pub(super) fn replace_current(key: usize, value: Option<Rc<dyn Any>>) -> Option<Rc<dyn Any>> {
        // At the thread's end, whoever sets something has to see to it that it is dropped.
        let _ = END.try_with(|_| {});
        present(|locals| locals.replace(key, value))
    }

    pub(super) fn handler(&self) -> Option<Rc<Handler>> {
        self.0.as_ref()?.handler.clone()
    }

    pub(super) fn with_handler(mut self, handler: Option<Rc<Handler>>) -> Self {
        self.values().handler = handler;
        self
    }

    /// The same with this [span](Self::span).
    pub(crate) fn with_span(mut self, span: Span) -> Self {
        self.values().span = Some(span);
        self
    }

    /// The span that is entered whenever somebody runs who has these locals.
    pub(super) fn span(&self) -> Option<&Span> {
        self.0.as_ref()?.span.as_ref()
    }

    /// Enters the span of the present locals, unless these here have the same: a part of a coroutine with locals of its own is in
    /// its span already. Says whether it did.
    #[cold]
    fn enter_span_of_present(&self) -> bool {
        let present = Self::current();
        let span = present.span().filter(|&span| self.span() != Some(span));
        span.is_some_and(|span| span.with_subscriber(|(id, to)| to.enter(id)).is_some())
    }

    /// Exits their span. Nobody has changed it since it was entered: only [`with_span`](Self::with_span) does, for locals that
    /// are not in use.
    #[cold]
    fn exit_span(&self) {
        if let Some(span) = self.span() {
            span.with_subscriber(|(id, to)| to.exit(id));
        }
    }

    fn values(&mut self) -> &mut Values {
        Rc::make_mut(self.0.get_or_insert_default())
    }
}

impl fmt::Debug for Locals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self.0.as_ref().map_or(0, |values| values.set.len());
        f.debug_struct("Locals").field("set", &set).finish_non_exhaustive()
    }
}

/// The locals of something that has its turns one after the other.
#[derive(Default)]
pub(crate) struct Slot(Cell<Locals>);

impl Slot {
    pub(crate) const fn new(locals: Locals) -> Self {
        Self(Cell::new(locals))
    }

    /// Puts other locals in their place; returns those before.
    pub(crate) fn replace(&self, locals: Locals) -> Locals {
        self.0.replace(locals)
    }

    /// Runs `call` with these locals, which keep what it sets.
    #[inline]
    pub(crate) fn run<R>(&self, call: impl FnOnce() -> R) -> R {
        let entered = self.enter(self.0.take());
        let result = call();
        entered.leave();
        result
    }

    /// Enters these locals from now on, until the result is dropped.
    #[inline]
    pub(crate) fn enter(&self, inner: Locals) -> Entered<'_> {
        let has_span = inner.0.as_ref().is_some_and(|values| values.span.is_some());
        let outer = replace_present(inner);
        let in_span = has_span && outer.enter_span_of_present();
        Entered { slot: self, outer, in_span }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

/// Changes the locals back, also when what ran with them panics.
#[must_use = "they are changed back when this is dropped"]
pub(crate) struct Entered<'a> {
    slot: &'a Slot,
    outer: Locals,
    /// Whether their span was entered.
    in_span: bool,
}

impl Entered<'_> {
    /// The same as to drop it; but the compiler leaves the destructor to panics, and this is found where it is called.
    #[inline]
    pub(crate) fn leave(self) {
        ManuallyDrop::new(self).change_back();
    }

    #[inline(always)]
    fn change_back(&mut self) {
        let inner = replace_present(std::mem::take(&mut self.outer));
        if self.in_span {
            inner.exit_span();
        }
        // Mostly there is nothing to put back.
        if inner.0.is_some() {
            self.slot.0.set(inner);
        }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.change_back();
    }
}

/// Looks at the present locals, or changes them, without running foreign code.
#[inline]
fn present<R>(look: impl FnOnce(&mut Locals) -> R) -> R {
    let mut locals = replace_present(Locals(None));
    let result = look(&mut locals);
    // What was put there meanwhile is nothing.
    let _nothing = ManuallyDrop::new(replace_present(locals));
    result
}

#[inline]
fn replace_present(locals: Locals) -> Locals {
    PRESENT.with(|present| ManuallyDrop::into_inner(present.replace(ManuallyDrop::new(locals))))
}
