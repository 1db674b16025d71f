//! The application: routes, what handlers are provided with, and the check of both.

use std::fmt;
use std::rc::Rc;
use std::time::Instant;

use ::http::{Method, StatusCode};

use super::provided::Provided;
use super::routing::Router;
use super::{Context, Respond, Route, log};
use crate::error::{HTTPError, Result};
use crate::http::{Limits, Request, Response, Service};
use crate::ioloop::Frame;

/// A table of routes, and what their handlers are provided with.
///
/// ```
/// use gustnado::{Application, Endpoint, Route};
///
/// struct Db;
///
/// fn app(routes: Vec<Route>) -> Application {
///     Application::new(routes).provide(Db)
/// }
///
/// assert!(app(Vec::new()).build().is_ok());
/// ```
pub struct Application {
    routes: Vec<Route>,
    provided: Provided,
    max_body_size: u64,
    problems: Vec<String>,
}

impl Application {
    /// An application of these routes: `Application::new(routes![index, blog::entry])`.
    pub fn new(routes: Vec<Route>) -> Self {
        Self {
            routes,
            provided: Provided::default(),
            max_body_size: Limits::default().body,
            problems: Vec::new(),
        }
    }

    /// Lends a value to every handler that asks for a `&T`.
    ///
    /// One value of each type: a second one is a start-up error. The value lives on the application's loop, so it
    /// may be an `Rc` or a `RefCell`.
    #[must_use]
    pub fn provide<T: 'static>(mut self, value: T) -> Self {
        if !self.provided.insert(value) {
            let name = std::any::type_name::<T>();
            self.problems
                .push(format!("a {name} was provided twice: which one should a handler get?"));
        }
        self
    }

    /// The longest body, in bytes, that a route without a limit of its own takes: 100 MiB unless set. A longer one is
    /// a 413.
    #[must_use]
    pub fn max_body_size(mut self, bytes: u64) -> Self {
        self.max_body_size = bytes;
        self
    }

    /// Checks everything and makes the application ready to serve.
    ///
    /// # Errors
    ///
    /// All that is wrong, at once: paths that break the grammar, routes that leave a request with two answers,
    /// arguments that ask for what was not provided, values provided twice.
    pub fn build(mut self) -> Result<Site, StartupError> {
        let router = Router::new(self.routes, &mut self.problems);
        for route in router.routes() {
            for requirement in route.requirements() {
                if !self.provided.satisfies(requirement) {
                    self.problems.push(format!(
                        "the route {route} needs a &{requirement}, which was not provided: \
                         add .provide(..) with one to the application"
                    ));
                }
            }
        }
        if !self.problems.is_empty() {
            return Err(StartupError { problems: self.problems });
        }
        let Self { provided, max_body_size, .. } = self;
        Ok(Site(Rc::new(Inner { router, provided, max_body_size })))
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application").field("routes", &self.routes).finish_non_exhaustive()
    }
}

/// Why an application cannot start: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartupError {
    problems: Vec<String>,
}

impl StartupError {
    /// Each problem, told with the routes it is about.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for StartupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the application cannot start:")?;
        for problem in &self.problems {
            write!(f, "\n  - {}", problem.replace('\n', "\n    "))?;
        }
        Ok(())
    }
}

impl std::error::Error for StartupError {}

/// An application that was checked and is ready to serve. A clone is the same one.
#[derive(Clone)]
pub struct Site(Rc<Inner>);

struct Inner {
    router: Router,
    provided: Provided,
    max_body_size: u64,
}

impl Site {
    pub(crate) fn route(&self, index: usize) -> &Route {
        &self.0.router.routes()[index]
    }

    #[inline]
    pub(crate) fn provided(&self) -> &Provided {
        &self.0.provided
    }

    fn answer(&self, request: Request) -> Frame<Response> {
        let Some(index) = self.0.router.find(request.method(), request.path()) else {
            return ready(self.without_route(&request));
        };
        let route = self.route(index);
        let has_body = request.has_body();
        if route.outlives_client() {
            request.finish_on_disconnect();
        }
        let cx = Context::new(request, self.clone(), index);
        if has_body && !route.wants_stream() {
            return Frame::new(read_and_call(cx, self.clone(), index));
        }
        route.call(cx)
    }

    #[cold]
    fn without_route(&self, request: &Request) -> Response {
        let Some(allowed) = self.0.router.allowed(request.path()) else {
            return HTTPError::new(StatusCode::NOT_FOUND).respond(request);
        };
        let response = if *request.method() == Method::OPTIONS {
            Response::new(StatusCode::NO_CONTENT)
        } else {
            HTTPError::new(StatusCode::METHOD_NOT_ALLOWED).respond(request)
        };
        match response.with_header("Allow", allowed) {
            Ok(response) => response,
            Err(error) => crate::Error::from(error).respond(request),
        }
    }
}

impl Service for Site {
    fn call(&self, request: Request) -> Frame<Response> {
        if !log::is_access_on() {
            return self.answer(request);
        }
        let start = Instant::now();
        let response = self.answer(request.clone());
        Frame::new(async move {
            let response = response.await;
            log::access(&request, response.status(), start.elapsed());
            response
        })
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("routes", &self.0.router.routes()).finish_non_exhaustive()
    }
}

async fn read_and_call(cx: Context, site: Site, index: usize) -> Response {
    let route = site.route(index);
    let limit = route.body_limit().unwrap_or(site.0.max_body_size);
    match cx.read_body(limit).await {
        Ok(()) => route.call(cx).await,
        Err(error) => crate::Error::from(error).respond(&cx),
    }
}

fn ready(response: Response) -> Frame<Response> {
    Frame::new(std::future::ready(response))
}

#[cfg(test)]
mod tests;
