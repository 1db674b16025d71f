//! Arguments out of the path.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ::http::StatusCode;

use super::super::Context;
use super::number;
use crate::error::{HTTPError, Result};

/// An argument that a capture of the path becomes.
///
/// Numbers are ASCII digits, with a `-` where the type allows it, and nothing else: `+5` and `1_0` are refused.
/// Text is percent-decoded; one without a `%` is borrowed.
///
/// Types of your own join in. An error that is no [`HTTPError`] is a 400, whose text stays in the log:
///
/// ```
/// use gustnado::{FromCapture, HTTPError, Result, StatusCode};
///
/// struct Slug(String);
///
/// impl<'r> FromCapture<'r> for Slug {
///     fn from_capture(value: &'r str) -> Result<Self> {
///         if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
///             return Err(HTTPError::new(StatusCode::NOT_FOUND).into());
///         }
///         Ok(Self(value.to_owned()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a part of the path cannot become `{Self}`",
    label = "not a capture's type",
    note = "numbers, `bool`, `char`, `String` and `&str` can; other types must implement `FromCapture`"
)]
pub trait FromCapture<'r>: Sized {
    /// Reads the text that the capture stands for, percent-decoded.
    ///
    /// # Errors
    ///
    /// Whatever says that the text is no value of this type.
    fn from_capture(value: &'r str) -> Result<Self>;
}

/// The argument of this name from the capture at this position, counted from 0; `read` is its
/// [`FromCapture::from_capture`].
///
/// # Errors
///
/// A 400 that names the argument, or the status of the [`HTTPError`] that `read` failed with.
pub fn capture<'r, T>(
    cx: &'r Context,
    position: usize,
    name: &'static str,
    read: impl FnOnce(&'r str) -> Result<T>,
) -> Result<T> {
    let Some(value) = cx.capture(position)? else {
        let route = cx.route();
        return Err(crate::Error::msg(format!("{route} has no capture {name} at {position}")));
    };
    read(value).map_err(|error| {
        if error.http_error().is_some() {
            return error;
        }
        let reason = match error.downcast_ref::<BadCapture>() {
            Some(BadCapture(reason)) => format!("path argument {name}: {reason}"),
            None => format!("path argument {name} is not valid"),
        };
        HTTPError::new(StatusCode::BAD_REQUEST)
            .with_reason(reason)
            .with_log_message(format!("{error:#}"))
            .into()
    })
}

/// The argument of this name from the capture of this name.
///
/// # Errors
///
/// As [`capture`]; and if the path has none.
pub fn named_capture<'r, T>(
    cx: &'r Context,
    name: &'static str,
    read: impl FnOnce(&'r str) -> Result<T>,
) -> Result<T> {
    // What is missing was found at start-up, but for routes that were made by hand.
    let position = cx.route().position(name).unwrap_or(usize::MAX);
    capture(cx, position, name, read)
}

/// Why one of our own types was not made of a capture, in words a client may read.
#[derive(Debug)]
struct BadCapture(&'static str);

impl std::fmt::Display for BadCapture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadCapture {}

macro_rules! from_capture {
    ($($type:ty)+ = $parse:expr) => {
        $(impl FromCapture<'_> for $type {
            #[inline]
            fn from_capture(value: &str) -> Result<Self> {
                Ok($parse(value).map_err(BadCapture)?)
            }
        })+
    };
}

from_capture!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize = number::integer);
from_capture!(f32 f64 = number::float);
from_capture!(bool = number::boolean);
from_capture!(char = number::character);
from_capture!(IpAddr Ipv4Addr Ipv6Addr = address);

fn address<T: std::str::FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().map_err(|_| "not an IP address")
}

impl<'r> FromCapture<'r> for &'r str {
    #[inline]
    fn from_capture(value: &'r str) -> Result<Self> {
        Ok(value)
    }
}

impl FromCapture<'_> for String {
    fn from_capture(value: &str) -> Result<Self> {
        Ok(value.to_owned())
    }
}
