//! Routes: which handler answers which methods and paths.

mod conditions;
mod link;
mod list;
mod options;
mod router;
mod table;

use std::any::TypeId;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use ::http::{Method, StatusCode};
use gustnado_grammar::{Pattern, Segment};

#[cfg(fuzzing)]
pub(crate) use conditions::Asked;
pub use link::{Fills, Link, ToCapture};
pub use list::Routes;
pub(crate) use router::Router;

use self::conditions::Conditions;
use super::error_page::ErrorPages;
use super::layer::Around;
use super::provided::Provided;
use super::reply::Driven;
use super::{Argument, Context, Redirect, Requirement, Respond};
use crate::error::HTTPError;
use crate::http::Response;
use crate::ioloop::Frame;

/// What `#[route]` makes of a function: something with a route. `routes![index, blog::entry]` collects them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a route",
    label = "no `#[route]` stands above this",
    note = "write `#[route(\"/path\")]` above the function"
)]
pub trait Endpoint {
    /// The route.
    fn route() -> Route;
}

/// What `#[handler]` makes of a function or an `impl` block: something that answers requests, of whatever path it is given.
/// `routes!["/entry/{slug}" => Entry]` and [`Route::to`] give it one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler without a path",
    label = "no `#[handler]` stands above this, or a `#[route]` does, too",
    note = "write `#[handler]` above the function or the `impl`; what has a `#[route]` is listed without a path"
)]
pub trait Handler {
    /// A route to it.
    fn at(path: Cow<'static, str>) -> Route;
}

/// A place in the program's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file, as `file!()` has it.
    pub file: &'static str,
    /// The line, counted from 1.
    pub line: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

pub(super) type Call = dyn Fn(Context) -> Frame<Response>;

/// A path, the methods it answers, and the handler that does.
///
/// `#[route]` makes one of a function. By hand it is
///
/// ```
/// use gustnado::{Location, Method, Respond, Route};
///
/// let route = Route::new("/hello/{name}", "hello", Location { file: file!(), line: line!() })
///     .methods([Method::GET])
///     .handler(|cx| async move {
///         match cx.capture(0) {
///             Ok(name) => format!("Hello, {}", name.unwrap_or("world")).respond(&cx),
///             Err(error) => error.respond(&cx),
///         }
///     });
/// assert_eq!(route.path(), "/hello/{name}");
/// ```
pub struct Route {
    path: Cow<'static, str>,
    name: &'static str,
    location: Location,
    methods: Vec<Method>,
    requirements: Vec<fn() -> Option<Requirement>>,
    /// Whether the path's other form leads here.
    redirects_slash: bool,
    /// The captures that the handler takes, if it does not know the path.
    needs: Vec<&'static str>,
    streams: bool,
    /// Whether its handler may send its answer before it ends.
    writes: bool,
    finish_on_disconnect: bool,
    max_body_size: Option<u64>,
    handler: Option<Box<Call>>,
    /// The innermost first. Put around the handler when the application is built.
    layers: Vec<Around>,
    /// If it belongs to an application that is mounted in another one.
    realm: Option<Rc<Realm>>,
    host: Option<Cow<'static, str>>,
    conditions: Conditions,
    timeout: Option<Duration>,
    endpoint: Option<TypeId>,
    /// How much of the path says where it is mounted.
    prefix: usize,
    /// The segment that each capture is, counted from 0, and whether it is a tail. Filled in by the router.
    captures: Vec<(usize, bool)>,
}

impl Route {
    /// A route of this path. The handler's name and place are for messages.
    ///
    /// The path's grammar is checked when the application is built.
    pub fn new(path: impl Into<Cow<'static, str>>, name: &'static str, location: Location) -> Self {
        Self {
            path: path.into(),
            name,
            location,
            methods: Vec::new(),
            requirements: Vec::new(),
            redirects_slash: false,
            needs: Vec::new(),
            streams: false,
            writes: false,
            finish_on_disconnect: false,
            max_body_size: None,
            handler: None,
            layers: Vec::new(),
            realm: None,
            host: None,
            conditions: Conditions::default(),
            timeout: None,
            endpoint: None,
            prefix: 0,
            captures: Vec::new(),
        }
    }

    /// A route of this path to what has a `#[handler]`: `Route::to::<Entry>("/entry/{slug}")`.
    ///
    /// That the path has all captures which the handler takes is checked when the application is built.
    pub fn to<H: Handler>(path: impl Into<Cow<'static, str>>) -> Self {
        H::at(path.into())
    }

    /// The methods it answers; GET if none are given. HEAD follows GET, and OPTIONS is answered by itself.
    #[must_use]
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        for method in methods {
            if !self.methods.contains(&method) {
                self.methods.push(method);
            }
        }
        self
    }

    /// Says that the handler takes an argument, `<&Db as FromRequest>::ARGUMENT`: what it needs provided is checked
    /// at start-up, and one that takes the body as it arrives is not kept waiting for the whole.
    #[must_use]
    pub fn takes(mut self, argument: Argument) -> Self {
        self.requirements.push(argument.requirement);
        self.streams |= argument.streams;
        self.writes |= (argument.writes)();
        self
    }

    /// Says that the handler takes the capture of this name, which the path must have.
    #[must_use]
    pub fn takes_capture(mut self, name: &'static str) -> Self {
        self.needs.push(name);
        self
    }

    /// Whether the handler runs to its end when the client goes away. If not (the default), it is dropped.
    #[must_use]
    pub fn finish_on_disconnect(mut self, finish: bool) -> Self {
        self.finish_on_disconnect = finish;
        self
    }

    /// The longest body it takes, in bytes, instead of the application's limit. A longer one is a 413.
    #[must_use]
    pub fn max_body_size(mut self, bytes: u64) -> Self {
        self.max_body_size = Some(bytes);
        self
    }

    /// Redirects the path's other form, without its last slash or with one more, to this one: a 301 that keeps the query for GET and
    /// HEAD; other methods are a 404.
    #[must_use]
    pub fn redirects_slash(mut self) -> Self {
        self.redirects_slash = true;
        self
    }

    /// What answers a request. A route without a handler is a start-up error.
    #[must_use]
    pub fn handler<F>(mut self, handler: impl Fn(Context) -> F + 'static) -> Self
    where
        F: Future<Output = Response> + 'static,
    {
        self.handler = Some(Box::new(move |cx| Frame::new(handler(cx))));
        self
    }

    /// What its handler is provided with; `site` is what the application has that serves it.
    #[inline]
    pub(super) fn provider<'p>(&'p self, site: &'p Provided) -> &'p Provided {
        match &self.realm {
            Some(realm) => &realm.provided,
            None => site,
        }
    }

    /// The path, as it was written.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The handler's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where the handler is written.
    pub fn location(&self) -> Location {
        self.location
    }

    /// The route of the path's other form, if it is to lead here.
    pub(crate) fn other_slash(&self) -> Option<Self> {
        if !self.redirects_slash {
            return None;
        }
        let path = match self.path.strip_suffix('/') {
            Some(path) => path.to_owned(),
            None => format!("{}/", self.path),
        };
        let mut route = Self::new(path, self.name, self.location).methods(self.methods.clone());
        route.host = self.host.clone();
        route.conditions = self.conditions.clone();
        Some(route.handler(|cx| async move { other_form(&cx) }))
    }

    pub(crate) fn body_limit(&self) -> Option<u64> {
        self.max_body_size
    }

    pub(crate) fn wants_stream(&self) -> bool {
        self.streams
    }

    pub(crate) fn writes(&self) -> bool {
        self.writes
    }

    pub(crate) fn outlives_client(&self) -> bool {
        self.finish_on_disconnect
    }

    pub(crate) fn requirements(&self) -> impl Iterator<Item = Requirement> {
        self.requirements.iter().filter_map(|requirement| requirement())
    }

    #[inline]
    pub(crate) fn call(&self, cx: Context) -> Frame<Response> {
        match &self.handler {
            Some(handler) if self.writes => Frame::new(Driven::new(handler(cx))),
            Some(handler) => handler(cx),
            // The router refuses a route without a handler.
            None => Frame::new(async { Response::new(StatusCode::INTERNAL_SERVER_ERROR) }),
        }
    }

    /// Makes it one of an application that is mounted; the innermost counts.
    pub(super) fn within(mut self, realm: &Rc<Realm>) -> Self {
        self.realm.get_or_insert_with(|| realm.clone());
        self
    }

    pub(super) fn error_pages(&self) -> Option<&ErrorPages> {
        self.realm.as_ref()?.error_pages.as_deref()
    }

    /// How many captures its path has, once a router took it.
    pub(crate) fn captures(&self) -> usize {
        self.captures.len()
    }

    /// Which of its captures has this name, counted from 0. The text is asked, because few handlers ask at all.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let mut captures = self.path.split('{').skip(1);
        captures.position(|rest| {
            let capture = rest.split('}').next().unwrap_or_default();
            capture.trim_end_matches('.') == name
        })
    }

    /// The captures that its handler takes and its path lacks.
    pub(crate) fn missing_captures(&self) -> impl Iterator<Item = &'static str> {
        self.needs.iter().copied().filter(|name| self.position(name).is_none())
    }

    /// The part of a matching path that this capture is, still percent-encoded.
    pub(crate) fn capture<'p>(&self, position: usize, path: &'p str) -> Option<&'p str> {
        let &(segment, tail) = self.captures.get(position)?;
        let mut rest = path.strip_prefix('/')?;
        for _ in 0..segment {
            rest = Cut::of(rest).after?;
        }
        Some(if tail { rest } else { Cut::of(rest).segment })
    }

    fn find_captures(pattern: &Pattern<'_>) -> Vec<(usize, bool)> {
        let captures = pattern.segments().iter().enumerate();
        captures
            .filter_map(|(index, segment)| match segment {
                Segment::Literal(_) => None,
                Segment::Capture(_) => Some((index, false)),
                Segment::Tail(_) => Some((index, true)),
            })
            .collect()
    }
}

/// Sends the client to the path with a slash more or less. The redirect refuses what a browser would take for another site.
fn other_form(cx: &Context) -> Response {
    if !matches!(*cx.method(), Method::GET | Method::HEAD) {
        return HTTPError::new(StatusCode::NOT_FOUND).respond(cx);
    }
    let mut target = match cx.path().strip_suffix('/') {
        Some(path) => path.to_owned(),
        None => format!("{}/", cx.path()),
    };
    if let Some(query) = cx.query() {
        target.push('?');
        target.push_str(query);
    }
    Redirect::to(target).moved().respond(cx)
}

/// What an application that is mounted in another one has of its own.
pub(super) struct Realm {
    pub(super) provided: Rc<Provided>,
    pub(super) error_pages: Option<Rc<ErrorPages>>,
}

/// A path cut at its first slash.
struct Cut<'p> {
    segment: &'p str,
    /// What follows the slash, if there is one.
    after: Option<&'p str>,
    /// Whether the segment has a `%`.
    escaped: bool,
}

impl<'p> Cut<'p> {
    /// Byte by byte: segments are short, and `memchr` would spend more on its call than on its work.
    #[inline]
    fn of(path: &'p str) -> Self {
        let mut escaped = false;
        for (at, byte) in path.bytes().enumerate() {
            match byte {
                b'/' => {
                    return Self { segment: &path[..at], after: Some(&path[at + 1..]), escaped };
                }
                b'%' => escaped = true,
                _ => {}
            }
        }
        Self { segment: path, after: None, escaped }
    }
}

/// For messages: `"/user/{id}" (handler user, src/main.rs:10)`.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} (handler {}, {})", self.path, self.name, self.location)
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("path", &self.path)
            .field("name", &self.name)
            .field("location", &self.location)
            .field("methods", &self.methods)
            .finish_non_exhaustive()
    }
}
