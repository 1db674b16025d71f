//! What goes wrong where nobody waits for it, and who is told.

use super::locals::Locals;
use super::scoped::Scoped;
use super::task::panic_message;
use super::tested::{set_heard, unheard};
use pin_project_lite::pin_project;
use std::any::{Any, type_name, type_name_of_val};
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Who is told when something that was started under it panics: Tornado's `ExceptionStackContext`.
///
/// It follows like a [`Local`](super::Local): coroutines that were spawned inside of [`scope`](Self::scope) or
/// [`run`](Self::run), callbacks and timeouts that were added there, and whatever those start, have it. When one of them panics,
/// the innermost handler is told. If it returns `true`, that was all; if `false`, the next one outside of it is told, and at last
/// the log. Who awaits a task's [handle](super::JoinHandle) gets its error in any case.
///
/// A handler runs where the panic was caught, with the locals that were set there, so it sees whose request it was. Should it
/// panic itself, the handlers outside of it are told of both.
///
/// ```
/// use gustnado::ioloop::{ErrorHandler, IOLoop, spawn};
/// use std::{cell::RefCell, rc::Rc};
///
/// let caught = Rc::new(RefCell::new(String::new()));
/// let handler = ErrorHandler::new({
///     let caught = caught.clone();
///     move |failure| {
///         *caught.borrow_mut() = failure.message().to_owned();
///         true
///     }
/// });
/// IOLoop::new()?.run_sync(handler.scope(async {
///     let task = spawn(async { panic!("out of cheese") });
///     assert!(task.await.unwrap_err().is_panic());
/// }))?;
/// assert_eq!(*caught.borrow(), "out of cheese");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// To hear of every panic, also of those in the handlers of requests, make the server inside of it, and return `false`.
#[derive(Clone)]
pub struct ErrorHandler(Rc<Call>);

type Call = dyn Fn(&Failure<'_>) -> bool;

/// A handler, as it is found from inside.
pub(super) struct Handler {
    call: Rc<Call>,
    outer: Option<Rc<Self>>,
}

impl ErrorHandler {
    /// A handler; it says whether nobody else has to be told.
    pub fn new(handle: impl Fn(&Failure<'_>) -> bool + 'static) -> Self {
        Self(Rc::new(handle))
    }

    /// Runs `call`; what it starts has this handler. If it panics itself, the handler is told, too: the result is then `None`, or
    /// the panic goes on, if the handler says `false`.
    #[track_caller]
    pub fn run<R>(&self, call: impl FnOnce() -> R) -> Option<R> {
        let (name, place) = (type_name_of_val(&call), Location::caller());
        let locals = self.locals();
        match catch_unwind(AssertUnwindSafe(|| locals.run(call))) {
            Ok(result) => Some(result),
            Err(payload) => {
                self.caught("callback", name, place, payload);
                None
            }
        }
    }

    /// Runs `future`; what it starts has this handler. If it panics itself, the handler is told, too: the result is then `None`,
    /// or the panic goes on, if the handler says `false`.
    #[track_caller]
    pub fn scope<F: Future>(&self, future: F) -> Caught<F> {
        let scope = self.locals().scope(future);
        Caught { scope, handler: self.clone(), place: Location::caller() }
    }

    fn locals(&self) -> Locals {
        let locals = Locals::current();
        let outer = locals.handler();
        locals.with_handler(Some(Rc::new(Handler { call: self.0.clone(), outer })))
    }

    /// Tells the handler of a panic inside of it; if that is not enough, the panic goes on.
    #[cold]
    fn caught(
        &self,
        what: &'static str,
        name: &str,
        place: &'static Location<'static>,
        payload: Box<dyn Any + Send>,
    ) {
        if !tell(&*self.0, &Failure::of_panic(what, name, place, &*payload)) {
            resume_unwind(payload);
        }
    }
}

impl fmt::Debug for ErrorHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorHandler").finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`ErrorHandler::scope`].
    #[must_use = "futures do nothing until they are awaited"]
    pub struct Caught<F> {
        #[pin]
        scope: Scoped<F>,
        handler: ErrorHandler,
        place: &'static Location<'static>,
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        match catch_unwind(AssertUnwindSafe(|| this.scope.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Some),
            Err(payload) => {
                this.handler.caught("coroutine", type_name::<F>(), this.place, payload);
                Poll::Ready(None)
            }
        }
    }
}

impl<F> fmt::Debug for Caught<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caught").finish_non_exhaustive()
    }
}

/// What went wrong where nobody waits for it: in whom, and how. As text, it is what the log would say.
pub struct Failure<'a> {
    what: &'static str,
    name: &'a str,
    place: Option<&'static Location<'static>>,
    message: &'a str,
    /// Of a panic.
    payload: Option<&'a (dyn Any + Send)>,
}

impl<'a> Failure<'a> {
    /// A panic.
    pub(crate) fn of_panic(
        what: &'static str,
        name: &'a str,
        place: &'static Location<'static>,
        payload: &'a (dyn Any + Send),
    ) -> Self {
        let message = panic_message(payload);
        Self { what, name, place: Some(place), message, payload: Some(payload) }
    }

    /// An error that was returned.
    pub(crate) fn of_error(
        what: &'static str,
        name: &'a str,
        place: &'static Location<'static>,
        error: &'a str,
    ) -> Self {
        Self { what, name, place: Some(place), message: error, payload: None }
    }

    /// A panic of the handler of a request, `GET /path`.
    pub(crate) fn of_request(name: &'a str, payload: &'a (dyn Any + Send)) -> Self {
        let message = panic_message(payload);
        Self { what: "request", name, place: None, message, payload: Some(payload) }
    }

    /// What it was: a `"task"`, a `"callback"`, a `"coroutine"` that is awaited, a `"request"`, an `"error handler"`, or the
    /// destructor of a `"task-local"`. There may be more.
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Its name: the type's, or method and target of a request.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Where it was handed to the loop; a request was not.
    pub fn place(&self) -> Option<&'static Location<'static>> {
        self.place
    }

    /// What it panicked with, if that was a text; or the error that it returned.
    pub fn message(&self) -> &str {
        self.message
    }

    /// What it panicked with; `None` if it returned an error.
    pub fn payload(&self) -> Option<&(dyn Any + Send)> {
        self.payload
    }
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, name, message, .. } = self;
        match self.place {
            Some(place) => write!(f, "Exception in {what} {name} ({place}): {message}"),
            None => write!(f, "Uncaught exception {name}: {message}"),
        }
    }
}

impl fmt::Debug for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({self})")
    }
}

/// Tells the handlers of whoever runs, from the innermost outwards, and the log if none of them says that this was all.
#[cold]
pub(crate) fn report(failure: &Failure<'_>) {
    set_heard(false);
    let locals = Locals::current();
    let mut next = locals.handler();
    while let Some(handler) = next {
        next = handler.outer.clone();
        // What goes wrong in a handler concerns those around it.
        let around = locals.clone().with_handler(next.clone());
        if around.run(|| tell(&*handler.call, failure)) {
            return set_heard(true);
        }
    }
    let Failure { what, name, message, .. } = failure;
    let place = failure.place.map(tracing::field::display);
    let (panic, error) = match failure.payload {
        Some(_) => (Some(message), None),
        None => (None, Some(message)),
    };
    tracing::error!(target: "gustnado.application", what, name, place, panic, error, "{failure}");
    // Of a task hears who joins it, and of a request the client.
    if failure.payload.is_some() && !matches!(*what, "task" | "request") {
        unheard(message);
    }
}

/// Whether a handler has said that it is enough to have told it.
fn tell(call: &Call, failure: &Failure<'_>) -> bool {
    catch_unwind(AssertUnwindSafe(|| call(failure))).unwrap_or_else(|payload| {
        let (message, payload) = (panic_message(&*payload), Some(&*payload));
        report(&Failure { what: "error handler", message, payload, ..*failure });
        false
    })
}
