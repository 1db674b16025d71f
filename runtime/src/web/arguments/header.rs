//! Arguments out of the headers.

use std::ops::Deref;

use super::super::Context;
use super::FromRequest;
use super::body::bad_request;
use crate::error::Result;
use crate::http::Cookies;

/// A header that is read into a type of its own: the argument [`Header<Self>`](Header).
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::{FromHeader, Header};
///
/// struct Retries(u32);
///
/// impl FromHeader<'_> for Retries {
///     const NAME: &'static str = "X-Retries";
///
///     fn from_header(value: &str) -> Result<Self> {
///         Ok(Self(value.parse()?))
///     }
/// }
///
/// #[route("/")]
/// async fn index(retries: Option<Header<Retries>>) -> String {
///     format!("{} so far", retries.map_or(0, |retries| retries.0.0))
/// }
/// # let _ = routes![index];
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a header",
    label = "no header says what this is",
    note = "implement `FromHeader` for it, which names the header"
)]
pub trait FromHeader<'r>: Sized {
    /// The header's name.
    const NAME: &'static str;

    /// Reads the value of the first header of that name.
    ///
    /// # Errors
    ///
    /// Whatever says that the text is no value of this type. One that is no [`HTTPError`](crate::HTTPError) is a 400, whose text
    /// stays in the log.
    fn from_header(value: &'r str) -> Result<Self>;
}

/// A header, read into a `T`. One that is missing or bad is a 400 that names it; `Option<Header<T>>` may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header<T>(pub T);

impl<T> Deref for Header<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'r, T: FromHeader<'r>> FromRequest<'r> for Header<T> {
    fn is_absent(cx: &'r Context) -> bool {
        cx.header_bytes(T::NAME).is_none()
    }

    async fn from_request(cx: &'r Context) -> Result<Self> {
        let name = T::NAME;
        let Some(value) = cx.header_bytes(name) else {
            return Err(bad_request(format!("header {name}: missing")));
        };
        let Ok(value) = std::str::from_utf8(value) else {
            return Err(bad_request(format!("header {name}: not UTF-8")));
        };
        match T::from_header(value) {
            Ok(header) => Ok(Self(header)),
            Err(error) if error.http_error().is_some() => Err(error),
            Err(error) => {
                Err(bad_request(format!("header {name}: not valid")).context(format!("{error:#}")))
            }
        }
    }
}

/// What the client says it is: `Header<UserAgent>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserAgent<'r>(pub &'r str);

impl<'r> FromHeader<'r> for UserAgent<'r> {
    const NAME: &'static str = "User-Agent";

    fn from_header(value: &'r str) -> Result<Self> {
        Ok(Self(value))
    }
}

/// The token behind `Authorization: Bearer`: `Header<Bearer>`. RFC 6750 §2.1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bearer<'r>(pub &'r str);

impl<'r> FromHeader<'r> for Bearer<'r> {
    const NAME: &'static str = "Authorization";

    fn from_header(value: &'r str) -> Result<Self> {
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        let token = token.trim_matches(' ');
        let is_token = |byte| matches!(byte, b'!'..=b'~');
        if !scheme.eq_ignore_ascii_case("bearer")
            || token.is_empty()
            || !token.bytes().all(is_token)
        {
            return Err(bad_request("header Authorization: not a bearer token"));
        }
        Ok(Self(token))
    }
}

/// Without the token, which is a secret.
impl std::fmt::Debug for Bearer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bearer").finish_non_exhaustive()
    }
}

/// All cookies; no cookie is an empty list.
impl<'r> FromRequest<'r> for Cookies<'r> {
    fn is_absent(cx: &'r Context) -> bool {
        cx.header_bytes("cookie").is_none()
    }

    async fn from_request(cx: &'r Context) -> Result<Self> {
        Ok(cx.cookies())
    }
}
