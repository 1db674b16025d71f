//! Cookies that are signed, as arguments and as parts of a response.

use std::time::Duration;

use ::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::secret::{CookieSecret, Validity};
use crate::error::{Error, HTTPError, Result, WithContext};
use crate::http::{Cookie, Response};
use crate::web::{Context, FromRequest, Requirement, Respond};

/// What a [`SignedCookie`] has in it.
///
/// It is written as JSON. It must fit into a cookie: 4096 bytes, of which the signature takes a hundred, and base64 a quarter.
pub trait CookieValue: Serialize + DeserializeOwned {
    /// The cookie's name.
    const NAME: &'static str;

    /// How long it is kept, and read. Default 30 days.
    const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 3600);

    /// Sets what the cookie has beside its name, its value and its age. By default it is hidden from scripts (`HttpOnly`), and what
    /// [`Cookie::new`] says. Over TLS, make it [secure](Cookie::secure).
    fn attributes(cookie: Cookie) -> Cookie {
        cookie
    }
}

/// A cookie that only this application can have made: as an argument it is read, in front of a response it is set.
///
/// One that is missing, too old, or not signed with the application's [secret](crate::Application::cookie_secret), is a 403;
/// `Option<SignedCookie<T>>` is `None`. Everybody can read it: for what nobody should, there is `EncryptedCookie`.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::{CookieValue, SignedCookie};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Visits(u32);
///
/// impl CookieValue for Visits {
///     const NAME: &'static str = "visits";
/// }
///
/// #[route("/")]
/// async fn index(visits: Option<SignedCookie<Visits>>) -> (SignedCookie<Visits>, String) {
///     let count = visits.map_or(0, |visits| visits.0.0) + 1;
///     (SignedCookie(Visits(count)), format!("visit {count}"))
/// }
///
/// # let secret = "It's a secret to everybody";
/// let app = Application::new(routes![index]).cookie_secret(secret);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignedCookie<T>(pub T);

impl<'r, T: CookieValue> FromRequest<'r> for SignedCookie<T> {
    fn requirement() -> Option<Requirement> {
        Some(Requirement::of::<CookieSecret>())
    }

    fn is_absent(cx: &'r Context) -> bool {
        signed::<T>(cx).is_none()
    }

    async fn from_request(cx: &'r Context) -> Result<Self> {
        signed(cx).map(Self).ok_or_else(missing::<T>)
    }
}

impl<T: CookieValue, R: Respond> Respond for (SignedCookie<T>, R) {
    fn respond(self, cx: &Context) -> Response {
        let (SignedCookie(value), response) = self;
        write(&value, response, cx, |secret, value| secret.create_signed_value(T::NAME, value))
    }
}

/// A [`SignedCookie`] that the client cannot read either.
#[cfg(feature = "encrypted-cookies")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EncryptedCookie<T>(pub T);

#[cfg(feature = "encrypted-cookies")]
impl<'r, T: CookieValue> FromRequest<'r> for EncryptedCookie<T> {
    fn requirement() -> Option<Requirement> {
        Some(Requirement::of::<CookieSecret>())
    }

    fn is_absent(cx: &'r Context) -> bool {
        encrypted::<T>(cx).is_none()
    }

    async fn from_request(cx: &'r Context) -> Result<Self> {
        encrypted(cx).map(Self).ok_or_else(missing::<T>)
    }
}

#[cfg(feature = "encrypted-cookies")]
impl<T: CookieValue, R: Respond> Respond for (EncryptedCookie<T>, R) {
    fn respond(self, cx: &Context) -> Response {
        let (EncryptedCookie(value), response) = self;
        write(&value, response, cx, |secret, value| secret.encrypt(T::NAME, value))
    }
}

impl Context {
    /// The value of a signed cookie; `None` if there is none, or if it is too old or not signed with the application's secret.
    ///
    /// # Errors
    ///
    /// A 500 if the application has no [secret](crate::Application::cookie_secret).
    pub fn signed_cookie(&self, name: &str, validity: Validity) -> Result<Option<Vec<u8>>> {
        let secret = secret(self)?;
        let cookies = self.cookies();
        Ok(cookies.value(name).and_then(|text| secret.decode_signed_value(name, text, validity)))
    }

    /// Sets a signed cookie of text or bytes that is kept for 30 days and hidden from scripts. For other attributes, sign the value of a
    /// [`Cookie`] with the [`CookieSecret`], which handlers can take as an argument.
    ///
    /// ```
    /// use gustnado::prelude::*;
    /// use gustnado::Validity;
    ///
    /// #[route("/visit")]
    /// async fn visit(cx: &Context) -> Result<&'static str> {
    ///     let before = cx.signed_cookie("visitor", Validity::default())?;
    ///     cx.set_signed_cookie("visitor", "yes")?;
    ///     Ok(if before.is_some() { "again" } else { "welcome" })
    /// }
    /// # let _ = routes![visit];
    /// ```
    ///
    /// # Errors
    ///
    /// A 500 if the application has no [secret](crate::Application::cookie_secret); and as for [`set_cookie`](Self::set_cookie).
    pub fn set_signed_cookie(&self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Result {
        let name = name.into();
        let text = secret(self)?.create_signed_value(&name, value);
        let age = Duration::from_secs(30 * 24 * 3600);
        self.set_cookie(Cookie::new(name, text).max_age(age).http_only())
    }
}

fn secret(cx: &Context) -> Result<&CookieSecret> {
    cx.provided().context("the application has no cookie_secret")
}

fn signed<T: CookieValue>(cx: &Context) -> Option<T> {
    read(cx, |secret, text, validity| secret.decode_signed_value(T::NAME, text, validity))
}

#[cfg(feature = "encrypted-cookies")]
fn encrypted<T: CookieValue>(cx: &Context) -> Option<T> {
    read(cx, |secret, text, validity| secret.decrypt(T::NAME, text, validity))
}

fn read<T: CookieValue>(
    cx: &Context,
    decode: impl FnOnce(&CookieSecret, &str, Validity) -> Option<Vec<u8>>,
) -> Option<T> {
    // A day more than it is kept, as Tornado has it: clocks differ.
    let max_age = T::MAX_AGE.saturating_add(Duration::from_secs(24 * 3600));
    let validity = Validity { max_age, ..Validity::default() };
    let cookies = cx.cookies();
    let value = decode(cx.provided()?, cookies.value(T::NAME)?, validity)?;
    // What was signed by an earlier version of the program may be something else: then it is none.
    serde_json::from_slice(&value).ok()
}

fn missing<T: CookieValue>() -> Error {
    HTTPError::new(StatusCode::FORBIDDEN)
        .with_reason(format!("cookie {}: missing or not valid", T::NAME))
        .into()
}

fn write<T: CookieValue>(
    value: &T,
    response: impl Respond,
    cx: &Context,
    encode: impl FnOnce(&CookieSecret, &[u8]) -> String,
) -> Response {
    let cookie = || -> Result<Cookie> {
        let text = encode(secret(cx)?, &serde_json::to_vec(value)?);
        Ok(T::attributes(Cookie::new(T::NAME, text).max_age(T::MAX_AGE).http_only()))
    };
    match cookie().with_context(|| format!("making the cookie {:?}", T::NAME)) {
        Ok(cookie) => (cookie, response).respond(cx),
        Err(error) => error.respond(cx),
    }
}
