//! Which other sites' scripts may read what this one answers. The Fetch standard, section 3.3.

use std::time::Duration;

use ::http::{Method, StatusCode};

use super::guards::{Guard, is_below};
use crate::error::Result;
use crate::http::{Request, Response};
use crate::web::Context;

/// Lets scripts of other sites read what this one answers (cross-origin resource sharing).
///
/// Without it they can send some requests, but read nothing. It allows; it protects nothing: requests of other programs come through all
/// the same. Those of other sites that come with cookies and change something are refused unless
/// their site is also a trusted origin of the application's `Xsrf`.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::Cors;
///
/// #[route("/api/entries")]
/// async fn entries() {}
///
/// let app = Application::new(routes![entries])
///     .cors(Cors::new(["https://app.example"]).headers(["content-type"]).on("/api"));
/// ```
#[derive(Clone, Debug)]
pub struct Cors {
    /// None for any.
    origins: Option<Vec<String>>,
    methods: String,
    headers: String,
    exposed: String,
    credentials: bool,
    max_age: Duration,
    path: String,
}

impl Cors {
    /// For these origins: `https://app.example`, with the scheme, and with the port if it is not the usual one.
    pub fn new(origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            origins: Some(origins.into_iter().map(Into::into).collect()),
            methods: "GET, HEAD, POST, PUT, PATCH, DELETE".into(),
            headers: String::new(),
            exposed: String::new(),
            credentials: false,
            max_age: Duration::from_secs(600),
            path: "/".into(),
        }
    }

    /// For everybody, without cookies: what the whole world may read.
    pub fn any_origin() -> Self {
        Self { origins: None, ..Self::new([""; 0]) }
    }

    /// The methods they may use; all usual ones unless set.
    #[must_use]
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.methods = list(methods);
        self
    }

    /// The headers they may send beside those that everybody may; none unless set.
    #[must_use]
    pub fn headers(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.headers = list(names);
        self
    }

    /// The headers they may read beside those that everybody may; none unless set.
    #[must_use]
    pub fn expose(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.exposed = list(names);
        self
    }

    /// Lets them come with the user's cookies. It has no effect for [any origin](Self::any_origin): nobody means that.
    #[must_use]
    pub fn credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// How long browsers may remember what they were told; 10 minutes unless set.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// For this path and those below it, and no others.
    #[must_use]
    pub fn on(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }
}

fn list(items: impl IntoIterator<Item = impl ToString>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

impl Guard for Cors {
    /// Answers what a browser asks before it sends a request that only scripts can send. No handler sees it.
    fn admit(&self, cx: &Context) -> Result<Option<Response>> {
        let is_preflight = *cx.method() == Method::OPTIONS
            && cx.header_bytes("origin").is_some()
            && cx.header_bytes("access-control-request-method").is_some();
        if !is_preflight || !is_below(cx.path(), &self.path) {
            return Ok(None);
        }
        let mut response = Response::new(StatusCode::NO_CONTENT);
        let headers = response.headers_mut();
        headers.insert("Access-Control-Allow-Methods", &self.methods)?;
        if !self.headers.is_empty() {
            headers.insert("Access-Control-Allow-Headers", &self.headers)?;
        }
        headers.insert("Access-Control-Max-Age", self.max_age.as_secs().to_string())?;
        Ok(Some(response))
    }

    fn finish(&self, request: &Request, mut response: Response) -> Response {
        if !is_below(request.path(), &self.path) {
            return response;
        }
        let headers = response.headers_mut();
        let origin = request.header("origin");
        // Whatever could not be set would be refused by the browser, which is as safe.
        let mut set = |name: &str, value: &str| {
            let _refused = headers.insert(name, value);
        };
        match (&self.origins, origin) {
            (None, _) => set("Access-Control-Allow-Origin", "*"),
            (Some(origins), Some(origin)) if origins.iter().any(|each| each == origin) => {
                set("Access-Control-Allow-Origin", origin);
                if self.credentials {
                    set("Access-Control-Allow-Credentials", "true");
                }
            }
            _ => {}
        }
        if !self.exposed.is_empty() && origin.is_some() {
            set("Access-Control-Expose-Headers", &self.exposed);
        }
        if self.origins.is_some() {
            // The answer to another origin would be another one, also where this one has none.
            let _valid = headers.append("Vary", "Origin");
        }
        response
    }
}
