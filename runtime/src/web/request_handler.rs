//! Handlers that are types, with a method for each verb: Tornado's `RequestHandler`.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::http::StatusCode;
use bytes::Bytes;

use super::{Context, Finish, Respond, conditional, error_page, log};
use crate::coroutine::caught;
use crate::error::{Error, HTTPError, Result};
use crate::http::{BodyError, Response};
use crate::ioloop::{Failure, report};

/// What `#[handler]` makes of an `impl` block: a type whose values live for one request each.
///
/// This is their life, in the order of Tornado:
///
/// 1. A value is made: by `initialize`, or of [`Default`].
/// 2. `set_default_headers`.
/// 3. `prepare`. If it has [finished](Context::finish) the request, the next two do not happen.
/// 4. With `#[stream_request_body]`, `data_received` for each piece of the body, as it arrives; otherwise the whole body has been
///    there from the beginning.
/// 5. The method of the request's verb.
/// 6. The answer is completed: what was returned, behind what was [written](Context::write). An answer to GET with status 200 gets
///    an Etag, and is a 304 if the client has it already.
/// 7. `on_finish`.
///
/// What fails, also by a panic, is told to `log_exception`; then `write_error` writes the answer. If the client leaves before the
/// end, what was being awaited is dropped, and `on_connection_close` comes instead of the rest.
///
/// A verb without a method is a 405 of the router, which makes no value at all; HEAD is answered by `get` unless there is a `head`.
///
/// ```
/// use gustnado::prelude::*;
///
/// #[derive(Default)]
/// struct Entry {
///     visits: u32,
/// }
///
/// #[route("/entry/{slug}")]
/// #[handler]
/// impl Entry {
///     async fn prepare(&mut self, cx: &Context) -> Result<()> {
///         self.visits += 1;
///         cx.set_header("x-visits", self.visits.to_string())
///     }
///
///     async fn get(&mut self, cx: &Context, slug: &str) -> Result<()> {
///         cx.write(format!("<h1>{}</h1>", slug.len()))
///     }
///
///     async fn delete(&mut self, slug: String) -> Result<Redirect> {
///         Err(HTTPError::new(StatusCode::FORBIDDEN).with_log_message(slug).into())
///     }
///
///     fn on_finish(&mut self, cx: &Context) {
///         println!("{} {}: {}", cx.method(), cx.path(), cx.status());
///     }
/// }
///
/// let app = Application::new(routes![Entry]);
/// ```
pub trait RequestHandler: Sized + 'static {
    /// Whether `data_received` takes the body.
    const STREAMS: bool = false;

    /// Makes the value of a request.
    fn initialize(cx: &Context) -> impl Future<Output = Result<Self>>;

    /// Sets headers that each answer has, also that of an error.
    ///
    /// # Errors
    ///
    /// Whatever makes it fail; then `write_error` answers.
    fn set_default_headers(&mut self, cx: &Context) -> Result {
        let _ = cx;
        Ok(())
    }

    /// Is called before every verb.
    fn prepare(&mut self, cx: &Context) -> impl Future<Output = Result> {
        let _ = cx;
        async { Ok(()) }
    }

    /// Takes a piece of the body.
    fn data_received(&mut self, cx: &Context, chunk: Bytes) -> impl Future<Output = Result> {
        let _ = (cx, chunk);
        async { Ok(()) }
    }

    /// Calls the method of the request's verb.
    fn answer(&mut self, cx: &Context) -> impl Future<Output = Result<Response>>;

    /// Writes the page of an error. Its status is set.
    fn write_error(
        &mut self,
        cx: &Context,
        error: &Error,
    ) -> impl Future<Output = Result<Response>> {
        async { Ok(error_page::write(error, cx)) }
    }

    /// Logs an error: from status 500 on as an error, below only what has a log message, as a warning.
    fn log_exception(&mut self, cx: &Context, error: &Error) {
        log::failure(cx, error);
    }

    /// Is called when the answer is complete.
    fn on_finish(&mut self, cx: &Context) {
        let _ = cx;
    }

    /// Is called when the client has left before the end.
    fn on_connection_close(&mut self, cx: &Context) {
        let _ = cx;
    }
}

/// A type whose values are made of nothing, for those that have no `initialize`.
#[diagnostic::on_unimplemented(
    message = "no `{Self}` can be made for a request",
    label = "neither `Default` nor `initialize`",
    note = "derive `Default`, or write `fn initialize(..) -> Self` into the `impl`"
)]
pub trait Initial {
    /// Makes one.
    fn initial() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> Initial for T {
    fn initial() -> Self {
        Self::default()
    }
}

/// Answers a request with a value of its own.
pub async fn live<H: RequestHandler>(cx: Context) -> Response {
    let handler = match settled(&cx, caught(H::initialize(&cx)).await) {
        Ok(handler) => handler,
        Err(error) => {
            let mut response = error.respond(&cx);
            cx.complete(&mut response);
            return response;
        }
    };
    let mut life = Life { handler, cx, over: false };
    let steps = caught(life.handler_and_context().steps()).await;
    let mut response = match settled(&life.cx, steps) {
        Ok(response) => response,
        // Nobody reads an answer; `Drop` tells the handler.
        Err(error) if has_left(&error) => return Response::new(error.status()),
        Err(error) => life.handler_and_context().fail(error).await,
    };
    let Life { handler, cx, over } = &mut life;
    cx.complete(&mut response);
    if !cx.is_head_sent() {
        conditional::apply(cx, &mut response);
        cx.conclude(response.status());
    }
    *over = true;
    contained(cx, || handler.on_finish(cx));
    response
}

/// Whether the client has left while its body was read.
fn has_left(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(BodyError::Disconnected))
}

/// The error of a verb without a method, which the router keeps from coming.
#[cold]
pub fn not_allowed() -> Error {
    HTTPError::new(StatusCode::METHOD_NOT_ALLOWED).into()
}

/// A handler at work.
struct Life<H: RequestHandler> {
    handler: H,
    cx: Context,
    over: bool,
}

impl<H: RequestHandler> Life<H> {
    fn handler_and_context(&mut self) -> Steps<'_, H> {
        Steps { handler: &mut self.handler, cx: &self.cx }
    }
}

/// The client has left, or the server ends: nobody polls it any more.
impl<H: RequestHandler> Drop for Life<H> {
    fn drop(&mut self) {
        if !self.over && !std::thread::panicking() {
            let Self { handler, cx, .. } = self;
            contained(cx, || handler.on_connection_close(cx));
        }
    }
}

struct Steps<'l, H> {
    handler: &'l mut H,
    cx: &'l Context,
}

impl<H: RequestHandler> Steps<'_, H> {
    /// What was returned in the end.
    async fn steps(self) -> Result<Response> {
        let Self { handler, cx } = self;
        match Self::calls(handler, cx).await {
            Err(error) if error.downcast_ref::<Finish>().is_some() => Ok(Response::default()),
            result => match cx.said().and_then(|reply| reply.take_error()) {
                Some(error) if result.is_ok() => Err(error.into()),
                _ => result,
            },
        }
    }

    async fn calls(handler: &mut H, cx: &Context) -> Result<Response> {
        handler.set_default_headers(cx)?;
        handler.prepare(cx).await?;
        if H::STREAMS && !cx.is_finished() {
            let mut body = cx.body_stream();
            body.set_limit(cx.body_limit())?;
            while let Some(chunk) = body.next().await {
                handler.data_received(cx, chunk?).await?;
                if cx.is_finished() {
                    break;
                }
            }
        }
        if cx.is_finished() { Ok(Response::default()) } else { handler.answer(cx).await }
    }

    /// The answer to a failure.
    async fn fail(self, error: Error) -> Response {
        let Self { handler, cx } = self;
        if error.downcast_ref::<Panicked>().is_none() {
            contained(cx, || handler.log_exception(cx, &error));
        }
        if let Some(reply) = cx.said() {
            reply.fail();
            if reply.is_sent() || reply.is_finished() {
                return Response::default();
            }
        }
        let status = error.status();
        cx.set_status(status);
        let page = async {
            handler.set_default_headers(cx)?;
            handler.write_error(cx, &error).await
        };
        match settled(cx, caught(page).await) {
            Ok(page) => page,
            Err(again) => {
                log::failure(cx, &again);
                cx.clear();
                Response::new(status)
            }
        }
    }
}

/// The error of a handler that has panicked, which was told when it happened.
#[derive(Debug)]
pub(super) struct Panicked(String);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.0)
    }
}

impl std::error::Error for Panicked {}

/// Makes an error of a panic.
fn settled<T>(cx: &Context, result: Result<Result<T>, Box<dyn Any + Send>>) -> Result<T> {
    result.unwrap_or_else(|payload| Err(Panicked(tell(cx, &*payload)).into()))
}

/// Calls what must not keep the answer from leaving, whatever it does.
fn contained(cx: &Context, call: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
        tell(cx, &*payload);
    }
}

/// Tells of a panic as of that of any handler; what it panicked with.
#[cold]
fn tell(cx: &Context, payload: &(dyn Any + Send)) -> String {
    let name = format!("{} {}", cx.method(), cx.target());
    let failure = Failure::of_request(&name, payload);
    report(&failure);
    failure.message().to_owned()
}
