//! What a handler may return.

mod events;
mod redirect;
mod streamed;

use std::borrow::Cow;

use ::http::StatusCode;
use bytes::Bytes;
use serde::Serialize;

pub use events::{Event, EventSource, EventStream, Events};
pub use redirect::Redirect;
pub use streamed::Streamed;

use super::{Context, error_page};
use crate::error::{Error, HTTPError, Result, WithContext};
use crate::http::{Body, ContentType, Cookie, Response};

/// Something that answers a request.
///
/// | returned | answer |
/// | --- | --- |
/// | `&'static str`, `String`, `Cow<'static, str>` | the text, as `text/plain; charset=utf-8` |
/// | [`Html<T>`] | the text, as `text/html; charset=utf-8` |
/// | [`Json<T>`] | the value, as `application/json` |
/// | [`Bytes`], `Vec<u8>`, `&'static [u8]` | the bytes, as `application/octet-stream` |
/// | [`StatusCode`] | the status, without a body |
/// | `()` | 200, without a body |
/// | [`Redirect`] | where to go instead |
/// | [`Streamed<S>`] | a body that is made while it is sent |
/// | `(StatusCode, R)` | the answer of `R` with this status |
/// | `([(name, value); N], R)`, `(Vec<(name, value)>, R)` | the answer of `R` with these headers |
/// | `(StatusCode, headers, R)` | both |
/// | `(Cookie, R)`, `(Vec<Cookie>, R)` | the answer of `R`, which sets these [cookies](crate::http::Cookie) |
/// | `(SignedCookie<T>, R)` | the answer of `R`, which sets a signed one (feature `signed-cookies`) |
/// | `Option<R>` | a 404 if there is none |
/// | `Result<R, E>` | the answer of `R`, or what the error becomes: see [`Error`] |
/// | [`Response`] | itself |
///
/// ```
/// use gustnado::{Html, Respond, StatusCode};
///
/// async fn created() -> impl Respond {
///     (StatusCode::CREATED, [("location", "/entry/7")], Html("<p>Created.</p>"))
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a response",
    label = "cannot answer a request",
    note = "return text, `Html`, `Json`, a `Response`, a `Result` of these, or implement `Respond`",
    note = "a value that can be serialised is returned as `Json(value)`"
)]
pub trait Respond {
    /// The answer.
    fn respond(self, cx: &Context) -> Response;

    /// The answer, or the error that would have to be one: what `write_error` of a class is told of.
    #[doc(hidden)]
    fn try_respond(self, cx: &Context) -> Result<Response>
    where
        Self: Sized,
    {
        Ok(self.respond(cx))
    }
}

/// Text of type `text/html; charset=utf-8`. Whatever is put into it must be escaped already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Html<T>(pub T);

/// A value as `application/json`: returned, it is serialised; as an argument, it is read from the body.
///
/// A value that cannot be serialised (a map whose keys are no text) is a 500.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl Respond for Response {
    #[inline]
    fn respond(self, _: &Context) -> Response {
        self
    }
}

macro_rules! bodies {
    ($($content_type:ident: $($body:ty)+;)+) => {
        $($(impl Respond for $body {
            #[inline]
            fn respond(self, _: &Context) -> Response {
                ok(ContentType::$content_type, self)
            }
        })+)+
    };
}

bodies! {
    TEXT: &'static str String Cow<'static, str>;
    OCTETS: &'static [u8] Vec<u8> Bytes;
}

impl<const N: usize> Respond for &'static [u8; N] {
    fn respond(self, _: &Context) -> Response {
        ok(ContentType::OCTETS, self)
    }
}

impl<T: Into<Body>> Respond for Html<T> {
    #[inline]
    fn respond(self, _: &Context) -> Response {
        ok(ContentType::HTML, self.0)
    }
}

impl<T: Serialize> Respond for Json<T> {
    fn respond(self, cx: &Context) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => ok(ContentType::JSON, text),
            Err(error) => Error::from(error).context("serialising a response").respond(cx),
        }
    }
}

impl Respond for StatusCode {
    fn respond(self, _: &Context) -> Response {
        Response::new(self)
    }
}

impl Respond for () {
    fn respond(self, _: &Context) -> Response {
        Response::new(StatusCode::OK)
    }
}

impl<R: Respond> Respond for Option<R> {
    fn respond(self, cx: &Context) -> Response {
        match self {
            Some(response) => response.respond(cx),
            None => HTTPError::new(StatusCode::NOT_FOUND).respond(cx),
        }
    }

    fn try_respond(self, cx: &Context) -> Result<Response> {
        self.with_status(StatusCode::NOT_FOUND)?.try_respond(cx)
    }
}

impl<R: Respond, E: Into<Error>> Respond for Result<R, E> {
    #[inline]
    fn respond(self, cx: &Context) -> Response {
        match self {
            Ok(response) => response.respond(cx),
            Err(error) => error.into().respond(cx),
        }
    }

    fn try_respond(self, cx: &Context) -> Result<Response> {
        self.map_err(Into::into)?.try_respond(cx)
    }
}

impl Respond for Error {
    #[cold]
    fn respond(self, cx: &Context) -> Response {
        error_page::answer(&self, cx)
    }

    fn try_respond(self, _: &Context) -> Result<Response> {
        Err(self)
    }
}

impl Respond for HTTPError {
    #[cold]
    fn respond(self, cx: &Context) -> Response {
        Error::from(self).respond(cx)
    }

    fn try_respond(self, _: &Context) -> Result<Response> {
        Err(self.into())
    }
}

impl<R: Respond> Respond for (StatusCode, R) {
    fn respond(self, cx: &Context) -> Response {
        let (status, response) = self;
        response.respond(cx).with_status(status)
    }
}

impl<R: Respond> Respond for (Cookie, R) {
    fn respond(self, cx: &Context) -> Response {
        (vec![self.0], self.1).respond(cx)
    }
}

impl<R: Respond> Respond for (Vec<Cookie>, R) {
    fn respond(self, cx: &Context) -> Response {
        let (cookies, response) = self;
        let mut response = response.respond(cx);
        for cookie in cookies {
            let set = response.set_cookie(&cookie);
            if let Err(error) =
                set.with_context(|| format!("setting the cookie {:?}", cookie.name()))
            {
                return error.respond(cx);
            }
        }
        response
    }
}

macro_rules! with_headers {
    ($([$($generics:tt)*] $headers:ty;)+) => {
        $(
            impl<$($generics)* N: AsRef<str>, V: AsRef<[u8]>, R: Respond> Respond for ($headers, R) {
                fn respond(self, cx: &Context) -> Response {
                    let (headers, response) = self;
                    add_headers(response.respond(cx), &headers, cx)
                }
            }

            impl<$($generics)* N: AsRef<str>, V: AsRef<[u8]>, R: Respond> Respond
                for (StatusCode, $headers, R)
            {
                fn respond(self, cx: &Context) -> Response {
                    let (status, headers, response) = self;
                    add_headers((status, response).respond(cx), &headers, cx)
                }
            }
        )+
    };
}

with_headers! {
    [const COUNT: usize,] [(N, V); COUNT];
    [] Vec<(N, V)>;
}

#[inline]
fn ok(content_type: ContentType, body: impl Into<Body>) -> Response {
    Response::new(StatusCode::OK).with_content_type(content_type).with_body(body)
}

/// Sets the headers. A name that is given twice is sent twice; what the response had of that name before is replaced.
fn add_headers<N: AsRef<str>, V: AsRef<[u8]>>(
    mut response: Response,
    headers: &[(N, V)],
    cx: &Context,
) -> Response {
    for (index, (name, value)) in headers.iter().enumerate() {
        let name = name.as_ref();
        let again =
            headers[..index].iter().any(|(other, _)| other.as_ref().eq_ignore_ascii_case(name));
        let added = if again {
            response.headers_mut().append(name, value)
        } else {
            response.headers_mut().insert(name, value)
        };
        // A header that was not meant to be there must not be sent, nor the answer without one that was.
        if let Err(error) = added.with_context(|| format!("the response's header {name:?}")) {
            return error.respond(cx);
        }
    }
    response
}

#[cfg(test)]
mod tests;
