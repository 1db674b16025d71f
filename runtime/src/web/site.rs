//! An application at work.

use std::cell::Cell;
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;

use ::http::{Method, StatusCode};

use super::authentication::Authentication;
use super::endings::Endings;
use super::error_page::ErrorPages;
use super::provided::Provided;
use super::routing::Router;
use super::security::{Guards, TrustedProxies};
use super::{Context, Link, Respond, Route, log};
use crate::error::{Error, HTTPError, Result};
use crate::http::{Request, Response, Service, Settings};
use crate::ioloop::{Core, Deadline, Frame};
use crate::locks::Event;

/// An application that was checked and is ready to serve. A clone is the same one.
#[derive(Clone)]
pub struct Site(Rc<Inner>);

struct Inner {
    router: Router,
    /// The route of what no route takes.
    default: usize,
    provided: Rc<Provided>,
    settings: Settings,
    error_pages: ErrorPages,
    guards: Option<Guards>,
    authentication: Authentication,
    endings: Cell<Endings>,
    /// Set when the server is about to end.
    draining: Event,
}

impl Site {
    pub(super) fn new(
        (router, default): (Router, usize),
        provided: Rc<Provided>,
        settings: Settings,
        error_pages: ErrorPages,
        authentication: Authentication,
        guards: Option<Guards>,
        endings: Endings,
    ) -> Self {
        let endings = Cell::new(endings);
        Self(Rc::new(Inner {
            router,
            default,
            provided,
            settings,
            error_pages,
            authentication,
            guards,
            endings,
            draining: Event::new(),
        }))
    }

    /// The limits and deadlines that its connections should have.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Does what was to be done [at the end](super::Application::on_shutdown), until `deadline`; the second time, nothing. A
    /// [`Server`](super::Server) does this itself: it is for who serves a site in another way.
    pub async fn shutdown(&self, deadline: impl Into<Deadline>) {
        let core = Core::current_or_panic();
        let deadline = core.instant(core.deadline(deadline.into()));
        self.0.endings.take().run(deadline).await;
    }

    pub(super) fn routes(&self) -> &[Route] {
        self.0.router.routes()
    }

    /// The URL of a route: its path, from the first slash on, and the query of the link.
    ///
    /// # Errors
    ///
    /// The route is not one of this application, or its query cannot be written. In a handler, that is a 500.
    pub fn reverse_url(&self, link: &Link) -> Result<String> {
        let mut routes = self.0.router.routes().iter();
        let Some(route) = routes.find(|route| route.endpoint_id() == Some(link.endpoint())) else {
            return Err(Error::msg(format!("{} is no route of this application", link.name())));
        };
        let query = link.query_text().map_err(|error| {
            Error::msg(format!("the query of a link to {}: {error}", link.name()))
        })?;
        let mark = if query.is_empty() { "" } else { "?" };
        Ok(format!("{}{}{mark}{query}", route.prefix(), link.path()))
    }

    /// Is set when the server is about to end.
    pub(super) fn draining(&self) -> &Event {
        &self.0.draining
    }

    pub(crate) fn route(&self, index: usize) -> &Route {
        &self.0.router.routes()[index]
    }

    #[inline]
    pub(crate) fn provided(&self) -> &Provided {
        &self.0.provided
    }

    /// Who has sent the request.
    pub(super) fn client(&self, request: &Request) -> IpAddr {
        match self.0.provided.value::<TrustedProxies>() {
            Some(proxies) => proxies.client(request),
            None => request.remote_addr().ip(),
        }
    }

    pub(super) fn error_pages(&self) -> &ErrorPages {
        &self.0.error_pages
    }

    pub(super) fn authentication(&self) -> &Authentication {
        &self.0.authentication
    }

    /// How long a body of the route may be, in bytes.
    pub(crate) fn body_limit(&self, route: usize) -> u64 {
        self.route(route).body_limit().unwrap_or(self.0.settings.limits.body)
    }

    fn answer(&self, request: Request) -> Frame<Response> {
        let router = &self.0.router;
        // Clients repeat themselves, and what is the same leads to the same route.
        if let Some(index) = router.numbered(request.note()) {
            return self.answer_by(index, request);
        }
        let Some(index) = router.find(request.method(), request.path_bytes(), &request) else {
            return self.answer_without_route(request);
        };
        request.set_note(router.number(index));
        self.answer_by(index, request)
    }

    #[inline]
    fn answer_by(&self, index: usize, request: Request) -> Frame<Response> {
        let route = self.route(index);
        let has_body = request.has_body();
        if route.outlives_client() {
            request.finish_on_disconnect();
        }
        let cx = Context::new(request, self.clone(), index);
        if let Some(answer) = self.admit(&cx) {
            return ready(answer);
        }
        if has_body && !route.wants_stream() && !cx.take_arrived_body(cx.body_limit()) {
            return Frame::new(read_and_call(cx, self.clone(), index));
        }
        self.call_route(cx, index)
    }

    /// What a guard answers instead of the route.
    #[inline]
    fn admit(&self, cx: &Context) -> Option<Response> {
        let guards = self.0.guards.as_ref()?;
        guards.admit(cx).unwrap_or_else(|error| Some(error.respond(cx)))
    }

    /// Calls the route, unless a guard finds something in the body.
    #[inline]
    fn call_route(&self, cx: Context, index: usize) -> Frame<Response> {
        if let Some(guards) = &self.0.guards
            && let Err(error) = guards.check(&cx)
        {
            return ready(error.respond(&cx));
        }
        self.route(index).call(cx)
    }

    #[cold]
    fn answer_without_route(&self, request: Request) -> Frame<Response> {
        let Some(allowed) = self.0.router.allowed(request.path(), &request) else {
            return self.answer_by(self.0.default, request);
        };
        let cx = Context::new(request, self.clone(), self.0.default);
        if let Some(answer) = self.admit(&cx) {
            return ready(answer);
        }
        if allowed.includes(cx.method()) {
            return ready(HTTPError::new(StatusCode::NOT_ACCEPTABLE).respond(&cx));
        }
        let response = if *cx.method() == Method::OPTIONS {
            Response::new(StatusCode::NO_CONTENT)
        } else {
            HTTPError::new(StatusCode::METHOD_NOT_ALLOWED).respond(&cx)
        };
        ready(match response.with_header("Allow", allowed.header()) {
            Ok(response) => response,
            Err(error) => Error::from(error).respond(&cx),
        })
    }
}

impl Service for Site {
    fn call(&self, request: Request) -> Frame<Response> {
        let is_logged = log::is_access_on();
        if !is_logged && self.0.guards.is_none() {
            return self.answer(request);
        }
        let mut entry = is_logged.then(|| log::Entry::new(request.clone(), self.client(&request)));
        let guarded = self.0.guards.is_some().then(|| (self.clone(), request.clone()));
        let response = self.answer(request);
        Frame::new(async move {
            let mut response = response.await;
            if let Some((site, request)) = guarded
                && let Some(guards) = &site.0.guards
            {
                response = guards.finish(&request, response);
            }
            if let Some(entry) = &mut entry {
                entry.write(response.status());
            }
            response
        })
    }

    fn handler(&self, request: &Request) -> String {
        match self.0.router.find(request.method(), request.path_bytes(), request) {
            Some(index) => {
                let route = self.route(index);
                let (path, name, location) = (route.path(), route.name(), route.location());
                format!("route {path:?}, handler {name}, {location}")
            }
            None => "no route".to_owned(),
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("routes", &self.0.router.routes()).finish_non_exhaustive()
    }
}

async fn read_and_call(cx: Context, site: Site, index: usize) -> Response {
    match cx.read_body(site.body_limit(index)).await {
        Ok(()) => site.call_route(cx, index).await,
        Err(error) => Error::from(error).respond(&cx),
    }
}

fn ready(response: Response) -> Frame<Response> {
    Frame::new(std::future::ready(response))
}
