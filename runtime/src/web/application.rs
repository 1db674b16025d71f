//! The application: routes, what handlers are provided with, and the check of both.

use std::any::type_name;
use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use ::http::StatusCode;

use super::authentication::Authentication;
use super::endings::Endings;
use super::error_page::ErrorPages;
use super::layer::Around;
use super::provided::Provided;
use super::routing::{Realm, Router};
use super::security::Defences;
use super::server::Scheme;
use super::{
    Address, Context, FromRequest, Handler, Layer, PerRequest, Respond, Route, Routes, Server,
    Site, Workers,
};
use crate::coroutine::Outcome;
use crate::error::{Error, HTTPError, Result};
use crate::http::{BodyStream, Limits, Settings};
use crate::jobs::Jobs;
#[cfg(feature = "tls")]
use crate::tls::ServerOptions;

/// A table of routes, and what their handlers are provided with.
///
/// ```no_run
/// use gustnado::prelude::*;
/// use std::cell::Cell;
///
/// #[route("/")]
/// async fn index(visits: &Cell<u64>) -> String {
///     visits.set(visits.get() + 1);
///     format!("You are visitor {}", visits.get())
/// }
///
/// #[gustnado::main]
/// async fn main() -> Result<()> {
///     Application::new(routes![index])
///         .provide(Cell::new(0_u64))
///         .listen(8888)?
///         .run()
///         .await
/// }
/// ```
pub struct Application {
    pub(super) routes: Vec<Route>,
    /// The innermost first.
    layers: Vec<Around>,
    mounted: Vec<(String, Self)>,
    default_host: Option<String>,
    provided: Provided,
    settings: Settings,
    default: Option<Route>,
    error_pages: ErrorPages,
    pub(super) defences: Defences,
    authentication: Authentication,
    endings: Endings,
    pub(super) problems: Vec<String>,
}

impl Application {
    /// An application of these routes: `Application::new(routes![index, blog::entry])`.
    pub fn new(routes: Vec<Route>) -> Self {
        Self {
            routes,
            layers: Vec::new(),
            mounted: Vec::new(),
            default_host: None,
            provided: Provided::default(),
            settings: Settings::default(),
            default: None,
            error_pages: ErrorPages::default(),
            defences: Defences::default(),
            authentication: Authentication::default(),
            endings: Endings::default(),
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
            self.provided_twice::<T>();
        }
        self
    }

    /// Makes a value for each request whose handler asks for a `&T`: see [`PerRequest`].
    ///
    /// One value of each type, as for [`provide`](Self::provide).
    #[must_use]
    pub fn provide_each<T: 'static>(mut self, each: PerRequest<T>) -> Self {
        if !self.provided.insert_maker::<T>(each.erased()) {
            self.provided_twice::<T>();
        }
        self
    }

    /// Lends this value instead of the `T` that was provided, or that would be made for each request: for tests.
    ///
    /// ```
    /// # use gustnado::prelude::*;
    /// # #[route("/")] async fn index() {}
    /// struct Clock(fn() -> u64);
    ///
    /// fn app() -> Application {
    ///     Application::new(routes![index]).provide(Clock(|| 42))
    /// }
    ///
    /// let app = app().replace(Clock(|| 0)); // in a test
    /// ```
    ///
    /// If there is nothing to replace, that is a start-up error.
    #[must_use]
    pub fn replace<T: 'static>(mut self, value: T) -> Self {
        if self.provided.insert(value) {
            let name = type_name::<T>();
            self.problems.push(format!("a {name} replaces one that was not provided"));
        }
        self
    }

    /// Puts a [`Layer`] around every handler, and around the layers that they have; also of applications that are mounted, and of
    /// routes that are added later.
    #[must_use]
    pub fn layer(mut self, layer: impl Layer) -> Self {
        self.layers.push(Around::new(layer));
        self
    }

    /// Adds routes for one host, `"admin.example.com"` or `"*.example.com"`, as in Tornado: they are asked first. See
    /// [`Route::host`].
    #[must_use]
    pub fn add_handlers(mut self, host: impl Into<Cow<'static, str>>, routes: Vec<Route>) -> Self {
        self.routes.extend(routes.host(host));
        self
    }

    /// Lets a request whose host no route names be for this one. Where an `X-Real-Ip` says that a proxy has sent it, its host is
    /// left as it is, as in Tornado.
    #[must_use]
    pub fn default_host(mut self, host: impl Into<String>) -> Self {
        self.default_host = Some(host.into());
        self
    }

    /// Adds all routes of another application [under a prefix](Routes::under).
    ///
    /// They keep their layers, inside of the ones of this application; their error pages; the longest body, where it is not the
    /// default; what is to be done at the end; and what they are provided with. What that lacks, they are provided with here.
    /// All other settings are those of the connection, and so of this application.
    ///
    /// ```
    /// use gustnado::prelude::*;
    ///
    /// #[route("/users")]
    /// async fn users(title: &String) -> String {
    ///     title.clone()
    /// }
    ///
    /// let admin = Application::new(routes![users]).provide("Users".to_owned());
    /// let app = Application::new(routes![]).mount("/admin", admin); // GET /admin/users
    /// # app.build()?;
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn mount(mut self, prefix: &str, application: Self) -> Self {
        self.mounted.push((prefix.to_owned(), application));
        self
    }

    fn provided_twice<T>(&mut self) {
        let name = type_name::<T>();
        self.problems.push(format!("a {name} was provided twice: which one should a handler get?"));
    }

    /// Answers what no route takes, instead of a 404. A path that has routes, but none of the request's method, is still a 405.
    ///
    /// Its own path, which nothing is compared with, is best `*`.
    #[must_use]
    pub fn default_route(mut self, route: Route) -> Self {
        self.default = Some(route);
        self
    }

    /// Answers what no route takes by something with a `#[handler]`: a [default route](Self::default_route) to it.
    ///
    /// ```
    /// use gustnado::prelude::*;
    ///
    /// #[route("/")]
    /// async fn index() {}
    ///
    /// #[handler]
    /// async fn not_found(cx: &Context) -> (StatusCode, String) {
    ///     (StatusCode::NOT_FOUND, format!("There is no {}.", cx.path()))
    /// }
    ///
    /// let app = Application::new(routes![index]).default_handler::<not_found>();
    /// ```
    #[must_use]
    pub fn default_handler<H: Handler>(self) -> Self {
        self.default_route(Route::to::<H>("*"))
    }

    /// Writes the pages of errors: what handlers fail with, arguments that cannot be taken, 404 and 405; but not requests that are
    /// refused before anybody has seen them.
    ///
    /// The error has been logged by then. A page that says no status gets the error's. An error in here is answered with a plain page.
    ///
    /// ```
    /// use gustnado::prelude::*;
    ///
    /// #[route("/")]
    /// async fn index() {}
    ///
    /// let app = Application::new(routes![index]).write_error(|error, _| {
    ///     Json(format!("{}: {}", error.status(), error.reason()))
    /// });
    /// ```
    #[must_use]
    pub fn write_error<R: Respond>(
        mut self,
        write: impl Fn(&Error, &Context) -> R + 'static,
    ) -> Self {
        self.error_pages.write_by(move |error, cx| write(error, cx).respond(cx));
        self
    }

    /// Whether the pages of errors are for the author: with the chain of causes, where it began, the route, the request, routes that
    /// may have been meant, and what to do. Not for production, as it tells clients what is inside of the house: `false` unless set.
    ///
    /// `debug(cfg!(debug_assertions))` is so in builds for development. What [`write_error`](Self::write_error) writes stays as it is.
    #[must_use]
    pub fn debug(mut self, debug: bool) -> Self {
        self.error_pages.debug(debug);
        self
    }

    /// The key that cookies are [signed](super::SignedCookie) with; several, if they [rotate](super::CookieSecret::rotating). It
    /// has 16 bytes at least, best 32 of chance: `openssl rand -base64 32` makes them. A shorter one is a start-up error.
    ///
    /// Handlers that want to sign something else take a `&CookieSecret`.
    #[cfg(feature = "signed-cookies")]
    #[must_use]
    pub fn cookie_secret(mut self, secret: impl Into<super::CookieSecret>) -> Self {
        let secret = secret.into();
        if !secret.is_long(16) {
            self.problems
                .push("the cookie_secret is too short to be one: take 16 bytes or more".into());
        }
        self.provide(secret)
    }

    /// Says how to find out who has logged in, for [`Context::current_user`] and [`authenticated`](macro@crate::authenticated).
    ///
    /// It is asked at most once a request, when somebody wants to know. It cannot wait: what has to be looked up elsewhere is
    /// [set](Context::set_current_user) in `prepare`.
    #[must_use]
    pub fn current_user<U: 'static>(
        mut self,
        find: impl Fn(&Context) -> Option<U> + 'static,
    ) -> Self {
        self.authentication.find_by(find);
        self
    }

    /// Where those are sent who have to log in: a path of this site, or a URL of another. What they wanted is its argument `next`,
    /// percent-encoded: `/login?next=%2Faccount`. When [redirecting](crate::Redirect) back there, nothing has to be checked.
    #[must_use]
    pub fn login_url(mut self, url: impl Into<Cow<'static, str>>) -> Self {
        self.authentication.login_at(url.into());
        self
    }

    /// Limits and deadlines of the connections. All have defaults, see [`Settings`].
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The longest body, in bytes, that a route without a limit of its own takes: 100 MiB unless set. A longer one is
    /// a 413. It is [`Limits::body`](crate::http::Limits::body) of the settings.
    #[must_use]
    pub fn max_body_size(mut self, bytes: u64) -> Self {
        self.settings.limits.body = bytes;
        self
    }

    /// Lends these [`jobs`](crate::jobs) to every handler that asks for a `&Jobs`, and lets the server's end wait for them:
    /// it is [`provide`](Self::provide), and [`on_shutdown`](Self::on_shutdown) a [`Jobs::shutdown`].
    #[must_use]
    #[track_caller]
    pub fn jobs(mut self, jobs: Jobs) -> Self {
        let ending = jobs.clone();
        self.endings.add(Location::caller(), async move |deadline| {
            // Those that were not done by then are told one by one.
            ending.shutdown(deadline).await;
        });
        self.provide(jobs)
    }

    /// Does something at the end: when the server [has been asked to end](Server::run), and the last request was answered.
    ///
    /// All that was said this way is done one after the other, the last one first, as destructors are. Together with the requests
    /// it has until the server's [timeout](Server::shutdown_timeout), and is then dropped; what has not begun by then
    /// has one turn. A failure and a panic are logged, and keep nothing else from being done. With
    /// [several threads](Self::workers), it is done on each.
    ///
    /// ```no_run
    /// use gustnado::prelude::*;
    /// use gustnado::ioloop::Executor;
    ///
    /// # #[route("/")] async fn index() {}
    /// #[gustnado::main]
    /// async fn main() -> Result<()> {
    ///     let files = Executor::new(4);
    ///     Application::new(routes![index])
    ///         .provide(files.clone())
    ///         .on_shutdown(async move || files.shutdown().await)
    ///         .listen(8888)?
    ///         .run()
    ///         .await
    /// }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn on_shutdown<F, O>(mut self, hook: F) -> Self
    where
        F: AsyncFnOnce() -> O + 'static,
        O: Outcome,
    {
        self.endings.add(Location::caller(), async move |_| hook().await);
        self
    }

    /// [Builds](Self::build) the application and listens, on this thread's loop: on a port of all interfaces
    /// (`8888`), or on one address (`"127.0.0.1:8888"`); see [`Address`].
    ///
    /// # Errors
    ///
    /// What is wrong with the application; or the system's: the address is taken, is not this machine's, or needs a
    /// privilege.
    pub fn listen(self, address: impl Address) -> Result<Server> {
        self.listen_with(address, Scheme::Http)
    }

    /// Like [`listen`](Self::listen), for connections that are secured by TLS: `https`.
    ///
    /// ```no_run
    /// use gustnado::prelude::*;
    /// use gustnado::tls::ServerOptions;
    ///
    /// # #[route("/")] async fn index() {}
    /// #[gustnado::main]
    /// async fn main() -> Result<()> {
    ///     let options = ServerOptions::new("certificate.pem", "key.pem");
    ///     Application::new(routes![index])
    ///         .listen_tls(8443, &options)?
    ///         .reload_on_hangup()
    ///         .run()
    ///         .await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As of [`listen`](Self::listen); and what is wrong with the [options](ServerOptions::load), with the file's name.
    #[cfg(feature = "tls")]
    pub fn listen_tls(self, address: impl Address, options: &ServerOptions) -> Result<Server> {
        self.listen_with(address, Scheme::Https(options.clone()))
    }

    fn listen_with(self, address: impl Address, scheme: Scheme) -> Result<Server> {
        let site = self.build()?;
        let listeners = address.resolve()?.bind(1)?;
        Server::new(site, listeners.into_iter().flatten().collect(), scheme)
    }

    /// Runs one application on each of `count` threads, each with its own loop; 0 means one for each processor.
    ///
    /// The factory is called once on each thread, so nothing in an application has to be `Send`. The system spreads
    /// the connections among the threads, which share nothing.
    ///
    /// ```no_run
    /// use gustnado::prelude::*;
    ///
    /// #[route("/")]
    /// async fn index() -> &'static str {
    ///     "Hello, world"
    /// }
    ///
    /// #[gustnado::main]
    /// async fn main() -> Result<()> {
    ///     Application::workers(0, || Ok(Application::new(routes![index])))
    ///         .listen(8888)?
    ///         .run()
    ///         .await
    /// }
    /// ```
    pub fn workers<F>(count: usize, factory: F) -> Workers<F>
    where
        F: Fn() -> Result<Self> + Send + Sync + 'static,
    {
        Workers::new(count, factory)
    }

    /// Checks everything and makes the application ready to serve.
    ///
    /// # Errors
    ///
    /// All that is wrong, at once: paths that break the grammar, routes that leave a request with two answers,
    /// arguments that ask for what was not provided, values provided twice.
    pub fn build(mut self) -> Result<Site, StartupError> {
        let default = self.default.take();
        let guards = std::mem::take(&mut self.defences).build(&mut self.provided);
        let provided = self.flatten();
        let others: Vec<_> = self.routes.iter().filter_map(Route::other_slash).collect();
        self.routes.extend(others);
        let mut router = Router::new(self.routes, &mut self.problems);
        router.set_default_host(self.default_host);
        let default = router.add_unlisted(default.unwrap_or_else(not_found));
        for route in router.routes_mut() {
            route.finish(&provided);
            for name in route.missing_captures() {
                self.problems.push(format!(
                    "the handler of the route {route} takes a capture `{name}`, which its path lacks: \
                     add {{{name}}} to the path"
                ));
            }
            let missing = route
                .requirements()
                .filter(|requirement| !route.provider(&provided).satisfies(*requirement));
            for requirement in missing {
                self.problems.push(format!(
                    "the route {route} needs a &{requirement}, which was not provided: \
                     add .provide(..) with one to the application"
                ));
            }
        }
        if !self.problems.is_empty() {
            return Err(StartupError { problems: self.problems });
        }
        let Self { settings, error_pages, authentication, endings, .. } = self;
        let router = (router, default);
        Ok(Site::new(router, provided, settings, error_pages, authentication, guards, endings))
    }
}

impl Application {
    /// Takes in the applications that are mounted in this one, and puts its layers around everything; what is provided.
    fn flatten(&mut self) -> Rc<Provided> {
        let provided = Rc::new(std::mem::take(&mut self.provided));
        self.problems.extend(provided.unmet());
        for (prefix, mut inner) in std::mem::take(&mut self.mounted) {
            if std::mem::take(&mut inner.defences).build(&mut inner.provided).is_some() {
                // They look at requests before the router does.
                let what = "has a cookie_secret or something else that guards it, which belongs to the outermost one";
                self.problems
                    .push(format!("the application that is mounted under {prefix:?} {what}"));
            }
            inner.provided.within(provided.clone());
            let mut realm = Realm { provided: inner.flatten(), error_pages: None };
            if inner.error_pages.is_set() {
                realm.error_pages = Some(Rc::new(inner.error_pages));
            }
            if inner.default.is_some() || inner.default_host.is_some() {
                let what = "has a default route or host, which only the outermost one can have";
                self.problems
                    .push(format!("the application that is mounted under {prefix:?} {what}"));
            }
            let (realm, limit) = (Rc::new(realm), inner.settings.limits.body);
            let routes = inner.routes.under(&prefix).into_iter().map(|route| {
                let route = route.within(&realm);
                if limit == Limits::default().body { route } else { route.limited(limit) }
            });
            self.routes.extend(routes);
            self.endings.append(inner.endings);
            self.problems.append(&mut inner.problems);
        }
        for layer in &self.layers {
            let routes = std::mem::take(&mut self.routes).into_iter();
            self.routes = routes.map(|route| route.around(layer.clone())).collect();
        }
        provided
    }
}

/// The route of what no route takes, unless the application has another one.
fn not_found() -> Route {
    let here = super::Location { file: file!(), line: line!() };
    // It waits for no body.
    Route::new("*", "default_handler", here)
        .takes(<BodyStream as FromRequest>::ARGUMENT)
        .handler(|cx| async move { HTTPError::new(StatusCode::NOT_FOUND).respond(&cx) })
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

#[cfg(test)]
mod tests;
