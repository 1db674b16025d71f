//! Cookies that a response sets. RFC 6265 §4.1.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::class::Class;
use super::date::HTTPDate;
use super::response::Response;

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
    partitioned: bool,
}

/// So many bytes of a name and a value do browsers take.
const LONGEST: usize = 4096;

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
            partitioned: false,
        }
    }

    /// A cookie that takes away the one of this name, and of the path and domain that are given to it.
    pub fn removal(name: impl Into<Cow<'static, str>>) -> Self {
        Self::new(name, "").expires(UNIX_EPOCH).max_age(Duration::ZERO)
    }

    /// With this value.
    #[must_use]
    pub fn value(mut self, value: impl Into<Cow<'static, str>>) -> Self {
        self.value = value.into();
        self
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

    /// For each site that embeds this one another cookie. Browsers want it to be [secure](Self::secure) then.
    #[must_use]
    pub fn partitioned(mut self) -> Self {
        self.partitioned = true;
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
    /// domain have one of those or a semicolon: whatever could be taken for something else behind it. Also what a browser would not
    /// keep, and nobody would hear of: a cookie of more than 4096 bytes, or one whose name, `SameSite=None` or `Partitioned` want
    /// attributes that it lacks.
    pub fn header_value(&self) -> Result<String, InvalidCookie> {
        if self.name.is_empty() || !Class::TOKEN.all(self.name.as_bytes()) {
            return Err(InvalidCookie::Name);
        }
        if self.value.bytes().any(|byte| byte <= b' ') {
            return Err(InvalidCookie::Value);
        }
        if !self.path.starts_with('/') || !is_attribute(&self.path) {
            return Err(InvalidCookie::Path);
        }
        if !self.domain.as_deref().is_none_or(|domain| !domain.is_empty() && is_attribute(domain)) {
            return Err(InvalidCookie::Domain);
        }
        if !self.keeps_promises() {
            return Err(InvalidCookie::Promise);
        }
        let mut text = format!("{}=", self.name);
        write_value(&self.value, &mut text);
        if text.len() - 1 > LONGEST {
            return Err(InvalidCookie::TooLong);
        }
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
        if self.partitioned {
            text.push_str("; Partitioned");
        }
        Ok(text)
    }

    /// Whether it has the attributes that others of it want. RFC 6265bis §5.7.
    fn keeps_promises(&self) -> bool {
        let has_prefix = |prefix: &str| {
            self.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let wants_secure = has_prefix("__Secure-")
            || has_prefix("__Host-")
            || self.partitioned
            || self.same_site == Some(SameSite::None);
        let is_whole_host = self.domain.is_none() && self.path == "/";
        (self.secure || !wants_secure) && (is_whole_host || !has_prefix("__Host-"))
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
    /// The path does not begin with a slash, or has a control character, a space or a semicolon.
    Path,
    /// The domain is empty, or has one of those.
    Domain,
    /// `SameSite=None`, `Partitioned`, and names with `__Secure-` want `Secure`; those with `__Host-` also the path `/` and no domain.
    Promise,
    /// Name and value are longer than 4096 bytes.
    TooLong,
}

impl fmt::Display for InvalidCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the name of a cookie must be a token",
            Self::Value => "control character or space in the value of a cookie",
            Self::Path => "the path of a cookie begins with a slash, and has no control character, space or semicolon",
            Self::Domain => "the domain of a cookie is empty, or has a control character, space or semicolon",
            Self::Promise => "browsers refuse this cookie: its name, SameSite or Partitioned want other attributes",
            Self::TooLong => "name and value of a cookie have 4096 bytes at most",
        })
    }
}

impl Error for InvalidCookie {}

impl Response {
    /// Sets a cookie, in place of one of the same name that this response has set before.
    ///
    /// # Errors
    ///
    /// [`InvalidCookie`], and the response stays as it was.
    pub fn set_cookie(&mut self, cookie: &Cookie) -> Result<(), InvalidCookie> {
        let value = cookie.header_value()?;
        let start = format!("{}=", cookie.name);
        let headers = self.headers_mut();
        let cookies = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(SET_COOKIE));
        let (former, others): (Vec<_>, Vec<_>) = cookies
            .map(|(_, value)| value.to_vec())
            .partition(|value| value.starts_with(start.as_bytes()));
        if !former.is_empty() {
            headers.remove(SET_COOKIE);
            for other in others {
                headers.append(SET_COOKIE, other).map_err(|_| InvalidCookie::Value)?;
            }
        }
        headers.append(SET_COOKIE, value).map_err(|_| InvalidCookie::Value)
    }

    /// The same response with this cookie.
    ///
    /// # Errors
    ///
    /// [`InvalidCookie`].
    pub fn with_cookie(mut self, cookie: &Cookie) -> Result<Self, InvalidCookie> {
        self.set_cookie(cookie)?;
        Ok(self)
    }
}

const SET_COOKIE: &str = "Set-Cookie";

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
