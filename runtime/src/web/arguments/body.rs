//! Arguments out of the query and the body.

use std::future::{Ready, ready};

use ::http::StatusCode;
use bytes::Bytes;
use serde::Deserialize;

use super::super::{Context, Json};
use super::FromRequest;
use super::form::{self, FormError};
use crate::error::{Error, HTTPError, Result};

/// The query, read into a `T`.
///
/// The names are those of `T`'s fields. Where a name is given more than once, a `Vec` takes all values and
/// everything else the last. An empty value is `None` for an `Option`. Numbers are strict: see [`FromCapture`].
/// More than 1000 values are a 400, as are bad ones; the answer names the field. A `T` may borrow its text.
///
/// ```
/// use gustnado::Query;
///
/// #[derive(serde::Deserialize)]
/// struct Search {
///     q: String,
///     page: Option<u32>,
///     #[serde(default)]
///     tag: Vec<String>,
/// }
///
/// async fn search(Query(search): Query<Search>) -> String {
///     format!("{} on page {}", search.q, search.page.unwrap_or(1))
/// }
/// ```
///
/// [`FromCapture`]: super::FromCapture
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

/// A body of type `application/x-www-form-urlencoded`, read into a `T` as a [`Query`] is.
///
/// A body of another type is a 415.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form<T>(pub T);

impl<'r, T: Deserialize<'r>> FromRequest<'r> for Query<T> {
    fn is_absent(cx: &'r Context) -> bool {
        cx.query().is_none()
    }

    #[expect(
        refining_impl_trait,
        reason = "a named future makes one error of a missing `Deserialize`"
    )]
    fn from_request(cx: &'r Context) -> Ready<Result<Self>> {
        ready(read_query(cx).map(Self))
    }
}

impl<'r, T: Deserialize<'r>> FromRequest<'r> for Form<T> {
    const BODY: bool = true;

    fn is_absent(cx: &'r Context) -> bool {
        is_bodiless(cx)
    }

    #[expect(
        refining_impl_trait,
        reason = "a named future makes one error of a missing `Deserialize`"
    )]
    fn from_request(cx: &'r Context) -> Ready<Result<Self>> {
        ready(read_form(cx).map(Self))
    }
}

/// A body of type `application/json`, or one whose type ends in `+json`; anything else is a 415.
///
/// A `T` may borrow from the body. But a `&str` cannot hold a text with escapes: such a body would be a 400, so take a
/// `Cow<str>` with `#[serde(borrow)]`.
impl<'r, T: Deserialize<'r>> FromRequest<'r> for Json<T> {
    const BODY: bool = true;

    fn is_absent(cx: &'r Context) -> bool {
        is_bodiless(cx)
    }

    #[expect(
        refining_impl_trait,
        reason = "a named future makes one error of a missing `Deserialize`"
    )]
    fn from_request(cx: &'r Context) -> Ready<Result<Self>> {
        ready(read_json(cx).map(Self))
    }
}

macro_rules! raw_body {
    ($($type:ty = $take:expr;)+) => {
        $(impl<'r> FromRequest<'r> for $type {
            const BODY: bool = true;

            fn is_absent(cx: &'r Context) -> bool {
                is_bodiless(cx)
            }

            async fn from_request(cx: &'r Context) -> Result<Self> {
                $take(cx)
            }
        })+
    };
}

raw_body! {
    &'r str = text;
    String = |cx| text(cx).map(str::to_owned);
    &'r [u8] = |cx: &'r Context| Ok(cx.body());
    Vec<u8> = |cx: &Context| Ok(cx.body().to_vec());
    Bytes = |cx: &Context| Ok(Bytes::copy_from_slice(cx.body()));
}

fn read_query<'r, T: Deserialize<'r>>(cx: &'r Context) -> Result<T> {
    form::from_str(cx.query().unwrap_or_default(), |decoded| cx.keep(decoded))
        .map_err(|error| bad_argument("query", &error))
}

fn read_form<'r, T: Deserialize<'r>>(cx: &'r Context) -> Result<T> {
    const FORM: &str = "application/x-www-form-urlencoded";
    expect_type(cx, FORM, |essence| essence.eq_ignore_ascii_case(FORM))?;
    refuse_coded(cx)?;
    form::from_str(text(cx)?, |decoded| cx.keep(decoded))
        .map_err(|error| bad_argument("form", &error))
}

fn read_json<'r, T: Deserialize<'r>>(cx: &'r Context) -> Result<T> {
    expect_type(cx, "application/json", is_json)?;
    serde_json::from_slice(cx.body()).map_err(|error| bad_request(format!("JSON body: {error}")))
}

fn text(cx: &Context) -> Result<&str> {
    match std::str::from_utf8(cx.body()) {
        Ok(text) => Ok(text),
        Err(_) => Err(bad_request("the body is not UTF-8")),
    }
}

/// A request with a Content-Type means its body, even if that is empty.
pub(super) fn is_bodiless(cx: &Context) -> bool {
    cx.body().is_empty() && cx.header_bytes("content-type").is_none()
}

pub(super) fn expect_type(cx: &Context, expected: &str, fits: impl FnOnce(&str) -> bool) -> Result {
    let sent = cx.header("content-type").unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim_matches([' ', '\t']);
    if fits(essence) {
        return Ok(());
    }
    let error = HTTPError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    Err(error.with_reason(format!("the body must be {expected}")).into())
}

/// Refuses a form in a content coding, as Tornado does: whoever looked at it on the way has not seen its fields.
pub(super) fn refuse_coded(cx: &Context) -> Result {
    match cx.header_bytes("content-encoding") {
        None | Some(b"identity") => Ok(()),
        Some(_) => Err(bad_request("a form must not have a Content-Encoding")),
    }
}

/// Whether a media type without its parameters is JSON (RFC 8259, RFC 6839 section 3.1).
fn is_json(essence: &str) -> bool {
    let Some((kind, subtype)) = essence.split_once('/') else {
        return false;
    };
    let suffix = subtype.rsplit_once('+').map(|(_, suffix)| suffix);
    suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("json"))
        || kind.eq_ignore_ascii_case("application") && subtype.eq_ignore_ascii_case("json")
}

#[cold]
pub(super) fn bad_argument(source: &str, error: &FormError) -> Error {
    bad_request(match &error.field {
        Some(field) => format!("{source} argument {field}: {}", error.reason),
        None => format!("{source}: {}", error.reason),
    })
}

#[cold]
pub(super) fn bad_request(reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    HTTPError::new(StatusCode::BAD_REQUEST).with_reason(reason).into()
}
