//! Headers that tell browsers to be careful.

use std::borrow::Cow;
use std::time::Duration;

use super::guards::Guard;
use crate::http::{Headers, InvalidHeader, Request, Response};

/// Headers that tell browsers to be careful with what this site sends.
///
/// By default
///
/// - `X-Content-Type-Options: nosniff`: nothing is taken for another type than it says;
/// - `X-Frame-Options: SAMEORIGIN`: other sites cannot lay their pages over this one's;
/// - `Referrer-Policy: strict-origin-when-cross-origin`: other sites hear which site a user comes from, but not which page;
/// - `Cross-Origin-Opener-Policy: same-origin`: other sites' windows have no hold of this one's.
///
/// A response that has set one of them keeps its own.
///
/// ```
/// use gustnado::SecurityHeaders;
/// use std::time::Duration;
///
/// let headers = SecurityHeaders::default()
///     .content_security_policy("default-src 'self'")?
///     .strict_transport_security(Duration::from_secs(365 * 24 * 3600));
/// # Ok::<(), gustnado::http::InvalidHeader>(())
/// ```
#[derive(Clone, Debug)]
pub struct SecurityHeaders(Headers);

impl SecurityHeaders {
    /// None.
    pub fn none() -> Self {
        Self(Headers::default())
    }

    /// What a page may load, and from where: `Content-Security-Policy`. It depends on the pages, so there is no default.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader`].
    pub fn content_security_policy(self, policy: impl AsRef<str>) -> Result<Self, InvalidHeader> {
        self.header("Content-Security-Policy", policy.as_ref().to_owned())
    }

    /// Tells browsers to come by TLS only, for so long: `Strict-Transport-Security`. Browsers listen to it over TLS only.
    #[must_use]
    pub fn strict_transport_security(self, age: Duration) -> Self {
        let without = self.clone();
        let value = format!("max-age={}", age.as_secs());
        self.header("Strict-Transport-Security", value).unwrap_or(without)
    }

    /// Any header, in place of another of its name.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader`].
    pub fn header(
        mut self,
        name: &str,
        value: impl Into<Cow<'static, str>>,
    ) -> Result<Self, InvalidHeader> {
        self.0.insert(name, value.into().as_bytes())?;
        Ok(self)
    }
}

impl Default for SecurityHeaders {
    fn default() -> Self {
        let mut headers = Headers::default();
        for (name, value) in [
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "SAMEORIGIN"),
            ("Referrer-Policy", "strict-origin-when-cross-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        ] {
            // They are valid, as a test knows.
            let _valid = headers.insert(name, value);
        }
        Self(headers)
    }
}

impl Guard for SecurityHeaders {
    fn finish(&self, _: &Request, mut response: Response) -> Response {
        for (name, value) in self.0.iter() {
            if !response.headers().contains(name) {
                let _valid = response.headers_mut().append(name, value);
            }
        }
        response
    }
}
