//! Cookies that a response sets. RFC 6265 §4.1.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::class::Class;
use super::date::HTTPDate;

/// A cookie that a response sets.
///
/// Nothing of it is checked before it is written: [`header_value`](Self::header_value) is the one place for that. Unless told
/// otherwise it is for all paths of the host that sets it, and lasts until the browser is closed.
///
/// ```
/// use gustnado::http::{Cookie, SameSite};
/// use std::time::Duration;
///
/// let cookie = Cookie::new("theme", "dark")
///     .max_age(Duration::from_secs(3600))
///     .http_only()
///     .same_site(SameSite::Lax);
/// assert_eq!(cookie.header_value()?, "theme=dark; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax");
///
/// let injected = Cookie::new("theme", "dark").domain("a.example; Secure");
/// assert!(injected.header_value().is_err());
/// # Ok::<(), gustnado::http::InvalidCookie>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    name: Cow<'static, str>,
    value: Cow<'static, str>,
    path: Cow<'static, str>,
    domain: Option<Cow<'static, str>>,
    expires: Option<SystemTime>,
    max_age: Option<Duration>,
    secure: bool,
    http_only: bool,
    same_site: Option<SameSite>,
}

/// With which requests of other sites a browser sends a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// With none.
    Strict,
    /// When the user follows a link.
    Lax,
    /// With all. Browsers want the cookie to be [secure](Cookie::secure) then.
    None,
}

impl Cookie {
    /// A cookie of this name and value. A value with quotes, commas, semicolons, backslashes or other letters than those of ASCII
    /// is sent in quotes, and with escapes for what separates, as Tornado does.
    pub fn new(name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            path: "/".into(),
            domain: None,
            expires: None,
            max_age: None,
            secure: false,
            http_only: false,
            same_site: None,
        }
    }

    /// A cookie that takes away the one of this name, and of the path and domain that are given to it.
    pub fn removal(name: impl Into<Cow<'static, str>>) -> Self {
        Self::new(name, "").expires(UNIX_EPOCH).max_age(Duration::ZERO)
    }

    /// For this path and what is below it; `/` unless set.
    #[must_use]
    pub fn path(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.path = path.into();
        self
    }

    /// For this domain and what is below it, instead of the host alone that sets it.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<Cow<'static, str>>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Until then, to the second.
    #[must_use]
    pub fn expires(mut self, time: SystemTime) -> Self {
        self.expires = Some(time);
        self
    }

    /// For so long, in whole seconds. Where both are given, browsers prefer this to [`expires`](Self::expires).
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// For encrypted connections only.
    #[must_use]
    pub fn secure(mut self) -> Self {
        self.secure = true;
        self
    }

    /// Not for scripts.
    #[must_use]
    pub fn http_only(mut self) -> Self {
        self.http_only = true;
        self
    }

    /// With which requests of other sites it is sent.
    #[must_use]
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = Some(same_site);
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of the `Set-Cookie` header.
    ///
    /// # Errors
    ///
    /// [`InvalidCookie`] if the name is no token (RFC 9110 §5.6.2), the value has a control character or a space, or the path or the
    /// domain have one of those or a semicolon: whatever could be taken for something else behind it.
    pub fn header_value(&self) -> Result<String, InvalidCookie> {
        if self.name.is_empty() || !Class::TOKEN.all(self.name.as_bytes()) {
            return Err(InvalidCookie::Name);
        }
        if self.value.bytes().any(|byte| byte <= b' ') {
            return Err(InvalidCookie::Value);
        }
        if !is_attribute(&self.path) {
            return Err(InvalidCookie::Path);
        }
        if !self.domain.as_deref().is_none_or(is_attribute) {
            return Err(InvalidCookie::Domain);
        }
        let mut text = format!("{}=", self.name);
        write_value(&self.value, &mut text);
        let _ = write!(text, "; Path={}", self.path);
        if let Some(domain) = &self.domain {
            let _ = write!(text, "; Domain={domain}");
        }
        if let Some(time) = self.expires {
            let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let date = HTTPDate::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX));
            let _ = write!(text, "; Expires={date}");
        }
        if let Some(age) = self.max_age {
            let _ = write!(text, "; Max-Age={}", age.as_secs());
        }
        if self.secure {
            text.push_str("; Secure");
        }
        if self.http_only {
            text.push_str("; HttpOnly");
        }
        if let Some(same_site) = self.same_site {
            let _ = write!(text, "; SameSite={same_site:?}");
        }
        Ok(text)
    }
}

impl<N: Into<Cow<'static, str>>, V: Into<Cow<'static, str>>> From<(N, V)> for Cookie {
    fn from((name, value): (N, V)) -> Self {
        Self::new(name, value)
    }
}

/// Without the value: it may be a secret, and this text ends up in logs.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &self.name)
            .field("path", &self.path)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

/// Why a cookie cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidCookie {
    /// The name is empty or no token.
    Name,
    /// The value has a control character or a space.
    Value,
    /// The path has a control character, a space or a semicolon.
    Path,
    /// The domain has one of those.
    Domain,
}

impl fmt::Display for InvalidCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the name of a cookie must be a token",
            Self::Value => "control character or space in the value of a cookie",
            Self::Path => "control character, space or semicolon in the path of a cookie",
            Self::Domain => "control character, space or semicolon in the domain of a cookie",
        })
    }
}

impl Error for InvalidCookie {}

/// What the attributes of a cookie may be made of.
fn is_attribute(text: &str) -> bool {
    !text.bytes().any(|byte| byte <= b' ' || byte == b';' || byte == 0x7f)
}

/// Writes the value as it is, if it is made of what RFC 6265 §4.1.1 calls cookie-octets; else in quotes.
fn write_value(value: &str, out: &mut String) {
    let plain =
        |byte: u8| matches!(byte, b'!' | b'#'..=b'+' | b'-'..=b':' | b'<'..=b'[' | b']'..=b'~');
    if value.bytes().all(plain) {
        return out.push_str(value);
    }
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ',' | ';' | '\u{7f}' => {
                let _ = write!(out, "\\{:03o}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests;
