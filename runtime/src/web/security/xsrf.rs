//! Requests that another site has made a user's browser send.

use std::borrow::Cow;
use std::time::SystemTime;

use ::http::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::guards::{Guard, is_below};
use super::random;
use super::secret::{number, seconds};
use crate::error::{HTTPError, Result};
use crate::escape::xhtml_escape;
use crate::http::{Cookie, SameSite, hex};
use crate::web::Context;

/// How an application tells requests of its own pages from those that other sites have forged.
///
/// It is on for applications with a [secret for cookies](crate::Application::cookie_secret), and for every method but GET, HEAD, OPTIONS
/// and TRACE. Such a request must
///
/// - not come from another site, as far as the browser says where from: `Sec-Fetch-Site`, or for old browsers `Origin`, as
///   Tornado's `cross_origin_protection` has it;
/// - bring the [token](Context::xsrf_token) that the cookie `_xsrf` has, which other sites cannot read: as the field `_xsrf` of a form
///   or of the query, or as a header `X-Xsrftoken` or `X-Csrftoken`. Requests whose handler takes the body as it arrives bring
///   it by header or query.
///
/// Everything else is a 403, with the reason in the log. Custom headers alone prove nothing.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::Xsrf;
///
/// #[route("/")]
/// async fn index(cx: &Context) -> Result<Html<String>> {
///     let field = cx.xsrf_form_html()?;
///     Ok(Html(format!("<form method=post>{field}<button>Go</button></form>")))
/// }
///
/// # let secret = "It's a secret to everybody";
/// let app = Application::new(routes![index])
///     .cookie_secret(secret)
///     .xsrf(Xsrf::default().exempt("/webhook").cookie_name("__Host-xsrf").secure());
/// ```
#[derive(Clone, Debug)]
pub struct Xsrf {
    checks_tokens: bool,
    checks_origins: bool,
    cookie_name: Cow<'static, str>,
    secure: bool,
    exempt: Vec<String>,
    trusted_origins: Vec<String>,
}

impl Default for Xsrf {
    fn default() -> Self {
        Self {
            checks_tokens: true,
            checks_origins: true,
            cookie_name: "_xsrf".into(),
            secure: false,
            exempt: Vec::new(),
            trusted_origins: Vec::new(),
        }
    }
}

impl Xsrf {
    /// No check at all: for applications whose users are known by something else than cookies.
    pub fn off() -> Self {
        Self { checks_tokens: false, checks_origins: false, ..Self::default() }
    }

    /// No tokens; only where a request comes from is checked. It is enough if all users have browsers of this decade, and needs nothing
    /// of pages and forms.
    pub fn origins_only() -> Self {
        Self { checks_tokens: false, ..Self::default() }
    }

    /// Checks nothing for routes of this path and below.
    #[must_use]
    pub fn exempt(mut self, path: impl Into<String>) -> Self {
        self.exempt.push(path.into());
        self
    }

    /// Takes requests from another origin, too: `https://app.example`, with the scheme, and with the port if it is not the usual one.
    #[must_use]
    pub fn trusted_origin(mut self, origin: impl Into<String>) -> Self {
        self.trusted_origins.push(origin.into());
        self
    }

    /// The name of the cookie: `_xsrf` unless set. `__Host-xsrf` also keeps sites on other names of the same domain from setting it.
    #[must_use]
    pub fn cookie_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.cookie_name = name.into();
        self
    }

    /// Sends the cookie over TLS only.
    #[must_use]
    pub fn secure(mut self) -> Self {
        self.secure = true;
        self
    }

    fn concerns(&self, cx: &Context) -> bool {
        let is_safe =
            [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(cx.method());
        // The route's path has one spelling, the request's has many. What no route takes has nothing to protect, and stays a 404.
        let path = cx.route().path();
        !is_safe && path != "*" && !self.exempt.iter().any(|prefix| is_below(path, prefix))
    }

    fn check_origin(&self, cx: &Context) -> Result {
        let origin = cx.header_bytes("origin").map(String::from_utf8_lossy);
        let is_trusted = |origin: &str| self.trusted_origins.iter().any(|each| each == origin);
        let is_same = match cx.header("sec-fetch-site") {
            Some("same-origin" | "none") => true,
            Some(_) => false,
            // An old browser, one without TLS, or no browser; the latter has no user to betray. Whether there is TLS may be
            // known to a proxy only, so the scheme is not compared.
            None => origin.as_deref().is_none_or(|origin| {
                let host = origin.split_once("://").map_or("", |(_, host)| host);
                host.eq_ignore_ascii_case(cx.host())
            }),
        };
        if is_same || origin.as_deref().is_some_and(is_trusted) {
            return Ok(());
        }
        Err(refusal(format!(
            "the request comes from another site: origin {:?}",
            origin.unwrap_or_default()
        )))
    }

    fn check_token(&self, cx: &Context) -> Result {
        let Some(told) = told_token(cx) else {
            return Err(refusal("'_xsrf' argument missing from POST"));
        };
        let Some(token) = Token::decode(&told).filter(|token| !token.bytes.is_empty()) else {
            return Err(refusal("'_xsrf' argument has invalid format"));
        };
        let cookies = cx.cookies();
        let expected = cookies.value(&self.cookie_name).and_then(Token::decode);
        if !expected.is_some_and(|expected| is_equal(&expected.bytes, &token.bytes)) {
            return Err(refusal("XSRF cookie does not match POST argument"));
        }
        Ok(())
    }
}

impl Guard for Xsrf {
    fn check(&self, cx: &Context) -> Result {
        if !self.concerns(cx) {
            return Ok(());
        }
        if self.checks_origins {
            self.check_origin(cx)?;
        }
        if self.checks_tokens { self.check_token(cx) } else { Ok(()) }
    }
}

fn refusal(message: impl Into<Cow<'static, str>>) -> crate::Error {
    HTTPError::new(StatusCode::FORBIDDEN).with_log_message(message).into()
}

impl Context {
    /// The token that proves that a request comes from a page of this site: see [`Xsrf`].
    ///
    /// It looks different each time, so that compressing the page tells nothing of it (BREACH). The first time, a cookie is
    /// set; it lives as long as the browser's session.
    ///
    /// # Errors
    ///
    /// The application has no [secret for cookies](crate::Application::cookie_secret), or the cookie comes too late, because the head
    /// was sent.
    pub fn xsrf_token(&self) -> Result<String> {
        let Some(xsrf) = self.provided::<Xsrf>() else {
            return Err(crate::Error::msg(
                "the application has no cookie_secret, so it has no tokens",
            ));
        };
        let name = &*xsrf.cookie_name;
        let cookies = self.cookies();
        if let Some(token) = cookies.value(name).and_then(Token::decode) {
            return Ok(token.masked());
        }
        // It may have been set for this very page before.
        let set = self.said().and_then(|reply| reply.cookie(name));
        if let Some(token) = set.as_deref().and_then(Token::decode) {
            return Ok(token.masked());
        }
        let token = Token { bytes: random::<16>().to_vec(), time: seconds(SystemTime::now()) };
        let cookie = Cookie::new(name.to_owned(), token.masked()).same_site(SameSite::Lax);
        self.set_cookie(if xsrf.secure { cookie.secure() } else { cookie })?;
        Ok(token.masked())
    }

    /// The [token](Self::xsrf_token) as a hidden field, which each form that posts must have.
    ///
    /// # Errors
    ///
    /// As for [`xsrf_token`](Self::xsrf_token).
    pub fn xsrf_form_html(&self) -> Result<String> {
        let token = self.xsrf_token()?;
        Ok(format!(r#"<input type="hidden" name="_xsrf" value="{}"/>"#, xhtml_escape(&token)))
    }
}

/// A token as it is without its mask.
struct Token {
    bytes: Vec<u8>,
    /// When it was made, in seconds since 1970; nobody looks at it.
    time: u64,
}

impl Token {
    /// Reads Tornado's second format, `2|mask|masked token|time`; or the first one, the token in hexadecimal, or any text.
    fn decode(text: &str) -> Option<Self> {
        let version = text.split_once('|').and_then(|(version, _)| number(version.as_bytes()));
        let Some(version) = version else {
            let bytes = hex::decode(text.to_ascii_lowercase().as_bytes());
            let bytes = bytes.unwrap_or_else(|| text.as_bytes().to_vec());
            return Some(Self { bytes, time: seconds(SystemTime::now()) });
        };
        let mut parts = text.split('|').skip(1);
        let (mask, token, time) = (parts.next()?, parts.next()?, parts.next()?);
        if version != 2 || parts.next().is_some() {
            return None;
        }
        let mask: [u8; 4] = hex::decode(mask.as_bytes())?.try_into().ok()?;
        let bytes = masked(&hex::decode(token.as_bytes())?, mask);
        Some(Self { bytes, time: number(time.as_bytes())? })
    }

    /// The token behind a mask that nobody has seen before.
    fn masked(&self) -> String {
        let mask = random::<4>();
        format!(
            "2|{}|{}|{}",
            hex::encode(&mask),
            hex::encode(&masked(&self.bytes, mask)),
            self.time
        )
    }
}

fn masked(bytes: &[u8], mask: [u8; 4]) -> Vec<u8> {
    bytes.iter().zip(mask.into_iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
}

/// Takes the same time wherever they differ.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    let difference = |(one, other): (&u8, &u8)| one ^ other;
    let all =
        one.iter().zip(other).map(difference).fold(0, |all, each| std::hint::black_box(all | each));
    one.len() == other.len() && all == 0
}

/// The token that a request brings.
fn told_token(cx: &Context) -> Option<String> {
    let is_form = cx.header("content-type").is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim_matches([' ', '\t']);
        kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    let form = is_form.then(|| cx.body());
    let header = |name| cx.header(name).filter(|token| !token.is_empty()).map(str::to_owned);
    form.and_then(field)
        .or_else(|| field(cx.query()?.as_bytes()))
        .or_else(|| header("x-xsrftoken"))
        .or_else(|| header("x-csrftoken"))
}

/// The last value of `_xsrf` that is not empty.
fn field(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let mut values = text.split('&').filter_map(|pair| pair.strip_prefix("_xsrf="));
    let value = values.next_back()?.replace('+', " ");
    let value = percent_decode_str(&value).decode_utf8().ok()?;
    let value = value.trim_matches(' ');
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Tornado makes of the mask 0xdeadbeef and the token 0, 1, .. 15.
    #[test]
    fn the_second_format_is_tornados() {
        let token =
            Token::decode("2|deadbeef|deacbcecdaa8b8e8d6a4b4e4d2a0b0e0|1300000000").unwrap();
        assert_eq!(token.bytes, (0..16).collect::<Vec<u8>>());
        assert_eq!(token.time, 1_300_000_000);
    }

    /// CVE-2014-9720.
    #[test]
    fn each_rendering_has_another_mask_and_the_same_token() {
        let token = Token { bytes: random::<16>().to_vec(), time: 7 };
        let texts: Vec<String> = (0..20).map(|_| token.masked()).collect();
        let mut different = texts.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), texts.len());
        for text in texts {
            assert_eq!(Token::decode(&text).unwrap().bytes, token.bytes);
        }
    }

    #[test]
    fn the_first_format_is_anything() {
        let bytes = |text| Token::decode(text).map(|token| token.bytes);
        assert_eq!(bytes("00ff").as_deref(), Some(&[0, 255][..]));
        assert_eq!(bytes("00FF").as_deref(), Some(&[0, 255][..]));
        assert_eq!(bytes("no hex").as_deref(), Some(&b"no hex"[..]));
        assert_eq!(bytes("a|b").as_deref(), Some(&b"a|b"[..]));
    }

    #[test]
    fn what_is_broken_is_none() {
        for text in [
            "2|",
            "2|deadbeef|00",
            "2|deadbe|00|1",
            "2|deadbeefff|00|1",
            "2|deadbeef|0|1",
            "2|deadbeef|zz|1",
            "2|deadbeef|00|x",
            "2|deadbeef|00|1|1",
            "3|deadbeef|00|1",
            "1|00",
        ] {
            assert!(Token::decode(text).is_none(), "{text}");
        }
    }

    #[test]
    fn equal_is_equal_in_length_too() {
        assert!(is_equal(b"", b"") && is_equal(b"abc", b"abc"));
        assert!(!is_equal(b"abc", b"abd") && !is_equal(b"abc", b"ab") && !is_equal(b"", b"a"));
    }

    #[test]
    fn the_last_field_counts() {
        assert_eq!(field(b"a=b&_xsrf=1&_xsrf=2%7C3&c").as_deref(), Some("2|3"));
        assert_eq!(field(b"_xsrf=+x+").as_deref(), Some("x"));
        for text in ["", "_xsrf", "_xsrf=", "x_xsrf=1", "_xsrf=%ff", "_xsrf=+"] {
            assert_eq!(field(text.as_bytes()), None, "{text}");
        }
    }
}
