//! A handler's arguments: typed values out of a request.
//!
//! An argument named like a capture of the path is taken from it ([`FromCapture`]); every other is taken from the
//! request ([`FromRequest`]). What cannot be taken is answered before the handler starts: a bad value is a 400 that
//! names it and the reason, a body of another type a 415.

mod body;
mod captures;
mod claim;
mod form;
mod header;
mod multipart;
mod number;
mod parts;
mod upload;

pub use body::{Form, Query};
pub use captures::{FromCapture, capture, named_capture};
pub use claim::BodyClaim;
pub use header::{Bearer, FromHeader, Header, UserAgent};
pub use multipart::{Multipart, Part};
pub use upload::{Fields, Upload};

use std::future::Future;

use super::{Context, Requirement};
use crate::error::{Error, Result};

/// An argument that is taken from the request.
///
/// | argument | what it is |
/// | --- | --- |
/// | `&T` | the `T` given to [`Application::provide`](super::Application::provide), or made for the request by [`provide_each`](super::Application::provide_each) |
/// | `&Context`, `&Request`, [`Request`](crate::http::Request) | the request itself |
/// | [`Query<T>`] | the query, read into a `T` with serde |
/// | [`Form<T>`], [`Json<T>`](super::Json) | the body, read into a `T` with serde |
/// | [`Multipart`] | a form with files, part by part as it arrives |
/// | `String`, `&str`, [`Bytes`](bytes::Bytes), `Vec<u8>`, `&[u8]` | the body as it is |
/// | [`BodyStream`](crate::http::BodyStream) | the body as it arrives |
/// | [`Method`](::http::Method), [`Version`](::http::Version), [`HeaderMap`](::http::HeaderMap), [`SocketAddr`](std::net::SocketAddr) | that part of the request; the address is the client's |
/// | [`Header<T>`](Header), [`Cookies`](crate::http::Cookies) | one header, read into a `T`; the cookies |
/// | [`RequestId`](crate::http::RequestId) | what tells the request from all others |
/// | `Option<A>` | `None` if the request has nothing for an `A`; something bad is still an error |
/// | `Result<A, Error>` | the error is the handler's to answer |
///
/// Types of your own join in:
///
/// ```
/// use gustnado::{Context, FromRequest, HTTPError, Result, StatusCode};
///
/// struct Language(String);
///
/// impl<'r> FromRequest<'r> for Language {
///     async fn from_request(cx: &'r Context) -> Result<Self> {
///         match cx.header("accept-language") {
///             Some(language) => Ok(Self(language.to_owned())),
///             None => Err(HTTPError::new(StatusCode::BAD_REQUEST).with_reason("which language?").into()),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken from a request",
    label = "not an argument of a handler",
    note = "captures must appear in the route's path; everything else must implement `FromRequest`",
    note = "a value given to `Application::provide` is taken by reference: `&{Self}`"
)]
pub trait FromRequest<'r>: Sized {
    /// Whether it takes the buffered body. Only one argument of a handler may.
    const BODY: bool = false;

    /// Whether it takes the body as it arrives: then the server must not buffer it before the handler starts.
    const STREAMS: bool = false;

    /// What a route must know of it; for the macros.
    #[doc(hidden)]
    const ARGUMENT: Argument =
        Argument { streams: Self::STREAMS, requirement: Self::requirement, writes: Self::writes };

    /// What the application must have been provided with for it. Asked once, at start-up.
    fn requirement() -> Option<Requirement> {
        None
    }

    /// Whether who has it can write the answer by hand. Asked once, at start-up.
    #[doc(hidden)]
    fn writes() -> bool {
        false
    }

    /// Whether the request has nothing for it at all, which makes an `Option` of it `None`.
    fn is_absent(cx: &'r Context) -> bool {
        let _ = cx;
        false
    }

    /// Takes it from the request.
    fn from_request(cx: &'r Context) -> impl Future<Output = Result<Self>>;
}

/// What a route must know of an argument: see [`Route::takes`](super::Route::takes).
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    pub(crate) streams: bool,
    pub(crate) requirement: fn() -> Option<Requirement>,
    pub(crate) writes: fn() -> bool,
}

impl<'r, A: FromRequest<'r>> FromRequest<'r> for Option<A> {
    const BODY: bool = A::BODY;
    const STREAMS: bool = A::STREAMS;

    async fn from_request(cx: &'r Context) -> Result<Self> {
        if A::is_absent(cx) {
            return Ok(None);
        }
        A::from_request(cx).await.map(Some)
    }
}

impl<'r, A: FromRequest<'r>> FromRequest<'r> for Result<A, Error> {
    const BODY: bool = A::BODY;
    const STREAMS: bool = A::STREAMS;

    fn requirement() -> Option<Requirement> {
        A::requirement()
    }

    fn is_absent(cx: &'r Context) -> bool {
        A::is_absent(cx)
    }

    async fn from_request(cx: &'r Context) -> Result<Self> {
        Ok(A::from_request(cx).await)
    }
}

#[cfg(test)]
mod tests;
