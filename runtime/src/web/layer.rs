//! What is done around handlers.

use std::fmt;
use std::future::Future;
use std::rc::Rc;

use super::routing::Call;
use super::{Context, Respond};
use crate::error::Result;
use crate::http::Response;
use crate::ioloop::Frame;

/// Something that is done around a handler: before it, after it, or instead of it.
///
/// It is an async function of the [`Context`] and of what comes [`Next`]. It stands around one route ([`Route::layer`](super::Route::layer)), several
/// ([`Routes`](super::Routes)), or all of an application ([`Application::layer`](super::Application::layer)). Of several layers, the one that was
/// added last is the outermost. Routes without layers pay nothing.
///
/// A layer begins when the body of the request is there, as handlers do. What no route takes has none.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::Next;
/// use gustnado::http::Response;
///
/// async fn timed(cx: Context, next: Next) -> Response {
///     let started = IOLoop::current().time();
///     let response = next.run(cx).await;
///     println!("it took {:?}", IOLoop::current().time() - started);
///     response
/// }
///
/// async fn members(cx: Context, next: Next) -> Result<Response> {
///     if cx.header("authorization").is_none() {
///         return Err(HTTPError::new(StatusCode::UNAUTHORIZED).into());
///     }
///     Ok(next.run(cx).await)
/// }
///
/// #[route("/")]
/// async fn index() {}
///
/// #[route("/members")]
/// async fn list() {}
///
/// let app = Application::new(routes![index, ..routes![list].layer(members)]).layer(timed);
/// # app.build()?;
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "cannot stand around a handler",
    note = "a layer is `async fn(cx: Context, next: Next) -> Response`, or one that returns `Result<Response>`"
)]
pub trait Layer: 'static {
    /// Answers the request, with or without what comes next.
    fn call(&self, cx: Context, next: Next) -> impl Future<Output = Response>;
}

impl<F, R> Layer for F
where
    F: AsyncFn(Context, Next) -> R + 'static,
    R: Respond,
{
    async fn call(&self, cx: Context, next: Next) -> Response {
        let twin = cx.twin();
        self(cx, next).await.respond(&twin)
    }
}

/// What a [`Layer`] stands around: another layer, or the handler.
pub struct Next(Rc<Call>);

impl Next {
    /// Lets it answer the request. The handler's errors are responses by then.
    pub async fn run(self, cx: Context) -> Response {
        (self.0)(cx).await
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

/// A layer that looks at a request before the handler does: an error answers it.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::before;
///
/// #[route("/")]
/// async fn index() {}
///
/// let app = Application::new(routes![index]).layer(before(async |cx: &Context| match cx.header("x-key") {
///     Some("open sesame") => Ok(()),
///     _ => Err(HTTPError::new(StatusCode::FORBIDDEN).into()),
/// }));
/// ```
pub fn before(look: impl AsyncFn(&Context) -> Result + 'static) -> impl Layer {
    async move |cx: Context, next: Next| -> Result<Response> {
        look(&cx).await?;
        Ok(next.run(cx).await)
    }
}

/// A layer that changes the answer of the handler, or makes another one of it.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::{after, http::Response};
///
/// #[route("/")]
/// async fn index() {}
///
/// let app = Application::new(routes![index]).layer(after(async |_: &Context, response: Response| {
///     response.with_header("X-Frame-Options", "DENY")
/// }));
/// ```
pub fn after<R: Respond>(change: impl AsyncFn(&Context, Response) -> R + 'static) -> impl Layer {
    async move |cx: Context, next: Next| {
        let twin = cx.twin();
        let response = next.run(cx).await;
        change(&twin, response).await.respond(&twin)
    }
}

/// A layer of any type, which several routes may share.
#[derive(Clone)]
pub(super) struct Around(Rc<dyn Fn(Context, Next) -> Frame<Response>>);

impl Around {
    pub(super) fn new(layer: impl Layer) -> Self {
        let layer = Rc::new(layer);
        Self(Rc::new(move |cx, next| {
            let layer = Rc::clone(&layer);
            Frame::new(async move { layer.call(cx, next).await })
        }))
    }

    /// A handler with this around it.
    pub(super) fn around(self, handler: Box<Call>) -> Box<Call> {
        let handler: Rc<Call> = handler.into();
        Box::new(move |cx| (self.0)(cx, Next(handler.clone())))
    }
}
