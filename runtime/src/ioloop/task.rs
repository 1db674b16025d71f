//! Tasks: coroutines that run on their own, and the handles to wait for them.

#![allow(
    unsafe_code,
    reason = "an island named in DESIGN.md: pins a future inside its shared cell"
)]

use super::Core;
use super::failure::{Failure, report};
use super::locals::{Locals, Slot};
use super::pool::{Counted, Shared};
use super::slab::Key;
use super::tested::unheard;
use super::waker::{LoopId, waker};
use std::any::{Any, type_name};
use std::cell::{Cell, RefCell, RefMut};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A spawned task: await it for its result, or drop it and the task goes on alone.
///
/// The result is an error if the task [panicked](JoinError::is_panic) or was [cancelled](JoinHandle::cancel).
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// let handle = gustnado::ioloop::spawn(async { 40 + 2 });
/// assert_eq!(handle.await.unwrap(), 42);
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JoinHandle<T> {
    task: Shared<dyn Join<T>>,
    id: LoopId,
    key: Key,
}

impl<T> JoinHandle<T> {
    /// Ends the task: its future is dropped at once, or, when the task cancels itself, as soon as it waits.
    ///
    /// Who awaits the handle gets an error whose [`is_cancelled`](JoinError::is_cancelled) is true. Cancelling a task that has
    /// ended does nothing.
    pub fn cancel(&self) {
        if self.task.cancel() {
            // The loop finds that it has ended, and forgets it.
            waker(self.id, self.key).wake();
        }
    }

    /// What the loop knows the task by.
    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// Whether the task has ended, in whatever way.
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.task.poll_join(cx)
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

/// Why a task has no result.
pub struct JoinError(Cause);

enum Cause {
    Cancelled,
    Panicked(Box<dyn Any + Send>),
}

impl JoinError {
    pub(super) const fn cancelled() -> Self {
        Self(Cause::Cancelled)
    }

    pub(super) const fn panicked(payload: Box<dyn Any + Send>) -> Self {
        Self(Cause::Panicked(payload))
    }

    /// Whether the task was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0, Cause::Cancelled)
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0, Cause::Panicked(_))
    }

    /// What the task panicked with, for [`std::panic::resume_unwind`]; `None` if it was cancelled.
    pub fn into_panic(self) -> Option<Box<dyn Any + Send>> {
        match self.0 {
            Cause::Panicked(payload) => Some(payload),
            Cause::Cancelled => None,
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Cancelled => f.write_str("the task was cancelled"),
            Cause::Panicked(payload) => {
                write!(f, "the task panicked: {}", panic_message(&**payload))
            }
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

/// What somebody panicked with, if it was a text.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}

/// A task as the loop sees it.
pub(super) trait Run {
    /// Gives the task a turn; says whether it has ended.
    fn run(&self, cx: &mut Context<'_>) -> bool;

    /// Drops the result of a task that has ended and that nobody can join any more. A panic in that is logged.
    fn discard(&self);

    /// Ends the task if it is not running; says whether that did end it.
    fn cancel(&self) -> bool;

    /// Whether a task that has ended has done so by itself.
    fn has_returned(&self) -> bool;

    /// Whether it has ended, in whatever way.
    fn is_finished(&self) -> bool;

    /// The name of its future's type.
    fn name(&self) -> &'static str;

    /// Where it was spawned.
    fn place(&self) -> &'static Location<'static>;
}

/// A task as its handle sees it.
trait Join<T>: Run {
    fn poll_join(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>>;
}

/// Makes a task of `future`: one reference for the loop, one for the handle.
#[inline]
pub(super) fn task<F: Future + 'static>(
    core: &Rc<Core>,
    place: &'static Location<'static>,
    future: F,
) -> JoinHandle<F::Output> {
    let task = Shared::new(Task {
        stage: RefCell::new(Stage::Running { future, locals: Slot::new(Locals::current()) }),
        joiner: Cell::new(None),
        cut_short: Cell::new(false),
        place,
    });
    // SAFETY: the closures only coerce their pointers.
    let run = unsafe { task.clone().unsize(|ptr| ptr as *mut Counted<dyn Run>) };
    // SAFETY: as above.
    let task = unsafe { task.unsize(|ptr| ptr as *mut Counted<dyn Join<F::Output>>) };
    let key = core.insert_task(run);
    JoinHandle { task, id: core.id, key }
}

struct Task<F: Future> {
    /// Borrowed while the task runs.
    stage: RefCell<Stage<F>>,
    joiner: Cell<Option<Waker>>,
    /// Set when the task panics or is cancelled. One that cancels itself ends as soon as it waits.
    cut_short: Cell<bool>,
    place: &'static Location<'static>,
}

enum Stage<F: Future> {
    Running {
        /// Never moved: it stays in its shared block until it is dropped in place.
        future: F,
        locals: Slot,
    },
    /// The result, until somebody takes it. (Moving the stage instead would move the room of the future, too.)
    Finished(Option<Result<F::Output, JoinError>>),
}

impl<F: Future> Stage<F> {
    fn take(&mut self) -> Option<Result<F::Output, JoinError>> {
        match self {
            Self::Running { .. } => None,
            Self::Finished(result) => result.take(),
        }
    }

    fn take_locals(&self) -> Slot {
        match self {
            Self::Running { locals, .. } => Slot::new(locals.replace(Locals::default())),
            Self::Finished(_) => Slot::default(),
        }
    }
}

impl<F: Future> Task<F> {
    fn finish(&self, mut stage: RefMut<'_, Stage<F>>, mut result: Result<F::Output, JoinError>) {
        let locals = stage.take_locals();
        // Dropping the future may panic, too; the task has then ended all the same.
        if let Err(payload) = locals.run(|| self.caught(|| *stage = Stage::Finished(None))) {
            let panicked = Err(JoinError::panicked(payload));
            self.drop_quietly(std::mem::replace(&mut result, panicked));
        }
        if let Stage::Finished(place) = &mut *stage {
            *place = Some(result);
        }
        // Whoever is woken may look at once.
        drop(stage);
        if let Some(joiner) = self.joiner.take() {
            joiner.wake();
        }
    }

    /// Drops what the task has returned; a panic of it is the task's.
    fn drop_quietly(&self, result: Result<F::Output, JoinError>) {
        let _ = self.caught(|| drop(result));
    }

    /// Calls what is the task's own. A panic is reported.
    #[inline]
    fn caught<R>(&self, call: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
        catch_unwind(AssertUnwindSafe(call)).inspect_err(|payload| self.report(&**payload))
    }

    #[cold]
    fn report(&self, payload: &(dyn Any + Send)) {
        report(&Failure::of_panic("task", self.name(), self.place, payload));
    }
}

impl<F: Future> Run for Task<F> {
    fn run(&self, cx: &mut Context<'_>) -> bool {
        // A task that runs cannot be given another turn.
        let Ok(mut stage) = self.stage.try_borrow_mut() else { return false };
        let Stage::Running { future, locals } = &mut *stage else { return true };
        // SAFETY: the future lives in a shared block, whose address is stable, and is never moved out of it: `stage` is only
        // ever overwritten, which drops it in place.
        let future = unsafe { Pin::new_unchecked(future) };
        let result = match locals.run(|| self.caught(|| future.poll(cx))) {
            Ok(Poll::Ready(value)) => Ok(value),
            Ok(Poll::Pending) if self.cut_short.get() => Err(JoinError::cancelled()),
            Ok(Poll::Pending) => return false,
            Err(payload) => {
                self.cut_short.set(true);
                Err(JoinError::panicked(payload))
            }
        };
        self.finish(stage, result);
        true
    }

    fn discard(&self) {
        let result = self.stage.try_borrow_mut().ok().and_then(|mut stage| stage.take());
        if let Some(result) = result {
            if let Err(JoinError(Cause::Panicked(payload))) = &result {
                unheard(panic_message(&**payload));
            }
            self.drop_quietly(result);
        }
    }

    fn cancel(&self) -> bool {
        let Ok(stage) = self.stage.try_borrow_mut() else {
            self.cut_short.set(true);
            return false;
        };
        if let Stage::Running { .. } = *stage {
            self.cut_short.set(true);
            self.finish(stage, Err(JoinError::cancelled()));
        }
        true
    }

    fn has_returned(&self) -> bool {
        !self.cut_short.get()
    }

    fn name(&self) -> &'static str {
        type_name::<F>()
    }

    fn place(&self) -> &'static Location<'static> {
        self.place
    }

    fn is_finished(&self) -> bool {
        self.stage.try_borrow().is_ok_and(|stage| !matches!(*stage, Stage::Running { .. }))
    }
}

impl<F: Future> Join<F::Output> for Task<F> {
    fn poll_join(&self, cx: &mut Context<'_>) -> Poll<Result<F::Output, JoinError>> {
        // A task that awaits its own handle finds its stage borrowed, and waits for ever, as it asked.
        if let Ok(mut stage) = self.stage.try_borrow_mut()
            && let Some(result) = stage.take()
        {
            return Poll::Ready(result);
        }
        let mut joiner = self.joiner.take();
        match &mut joiner {
            Some(joiner) => joiner.clone_from(cx.waker()),
            None => joiner = Some(cx.waker().clone()),
        }
        self.joiner.set(joiner);
        Poll::Pending
    }
}
