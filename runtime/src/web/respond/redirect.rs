//! Redirects that cannot be turned against the site.

use std::borrow::Cow;

use ::http::StatusCode;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::Respond;
use crate::error::{Error, HTTPError};
use crate::http::Response;
use crate::web::Context;

/// Tells the client to go elsewhere.
///
/// The target is a path of this site, with or without a query: it starts with one `/`. Anything that a browser could
/// take for another site (`//host`, `/\host`, a control character that it drops, a scheme) is refused when the
/// response is made, with a 400 and a warning in the log; so a target that a client sent, such as a `next` argument,
/// needs no check. To leave the site, say so: [`Redirect::external`].
///
/// The status is 303: the client gets the target with GET, whatever it did here.
///
/// ```
/// use gustnado::Redirect;
///
/// async fn login() -> Redirect {
///     Redirect::to("/account?tab=mail")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    status: StatusCode,
    location: Cow<'static, str>,
    external: bool,
}

impl Redirect {
    /// To a path of this site.
    pub fn to(path: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::SEE_OTHER, location: path.into(), external: false }
    }

    /// To any `http` or `https` URL. It must not be one that a client can choose.
    pub fn external(url: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::SEE_OTHER, location: url.into(), external: true }
    }

    /// For good, and with the same method: 308.
    #[must_use]
    pub fn permanent(self) -> Self {
        Self { status: StatusCode::PERMANENT_REDIRECT, ..self }
    }

    /// For now, and with the same method: 307.
    #[must_use]
    pub fn temporary(self) -> Self {
        Self { status: StatusCode::TEMPORARY_REDIRECT, ..self }
    }

    /// For good, as search engines understand it: 301. Browsers turn a POST into a GET.
    #[must_use]
    pub fn moved(self) -> Self {
        Self { status: StatusCode::MOVED_PERMANENTLY, ..self }
    }

    /// As Tornado and most frameworks redirect: 302. Browsers turn a POST into a GET.
    #[must_use]
    pub fn found(self) -> Self {
        Self { status: StatusCode::FOUND, ..self }
    }

    /// Why the target must not be sent.
    fn refusal(&self) -> Option<&'static str> {
        let target = &*self.location;
        if target.contains(char::is_control) {
            return Some("has a control character");
        }
        if self.external {
            let scheme = target.split_once("://").map(|(scheme, _)| scheme);
            let known = scheme.is_some_and(|scheme| {
                scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
            });
            return (!known).then_some("is no http or https URL");
        }
        // Browsers read a backslash as a slash.
        match target.as_bytes() {
            [b'/', b'/' | b'\\', ..] => Some("names another site"),
            [b'/', ..] => None,
            _ => Some("does not start with a slash"),
        }
    }
}

impl From<&'static str> for Redirect {
    fn from(path: &'static str) -> Self {
        Self::to(path)
    }
}

impl From<String> for Redirect {
    fn from(path: String) -> Self {
        Self::to(path)
    }
}

impl Respond for Redirect {
    fn respond(self, cx: &Context) -> Response {
        if let Some(refusal) = self.refusal() {
            return HTTPError::new(StatusCode::BAD_REQUEST)
                .with_log_message(format!("the redirect to {:?} {refusal}", self.location))
                .respond(cx);
        }
        let location = utf8_percent_encode(&self.location, UNSAFE).to_string();
        match Response::new(self.status).with_header("Location", location) {
            Ok(response) => response,
            Err(error) => Error::from(error).respond(cx),
        }
    }
}

/// What a URI never has unescaped (RFC 3986, section 2). The percent sign stays: the target is a URI already.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
