//! What the fuzz targets need and nobody else may have. It exists under `cfg(fuzzing)` only.

use super::head;
use super::url::Url;
use super::violation::ResponseViolation;
use crate::http::Limits;
use ::http::Method;
use std::fmt;

/// The head of a response.
#[derive(Default)]
pub struct ResponseHead(head::ResponseHead);

impl ResponseHead {
    /// Parses the head at the start of `buffer`.
    ///
    /// # Errors
    ///
    /// The rule that it breaks.
    pub fn parse(
        &mut self,
        buffer: &[u8],
        limits: &Limits,
    ) -> Result<Option<usize>, ResponseViolation> {
        self.0.parse(buffer, limits)
    }

    /// Forgets a head that was read in part.
    pub fn settle(&mut self) {
        self.0.settle();
    }

    /// Everything but the headers.
    pub fn meaning(&self) -> String {
        let head = &self.0;
        let endings = [Method::GET, Method::HEAD].map(|method| head.ending(&method));
        format!(
            "{} {:?} {:?} {} {} {endings:?}",
            head.status().as_u16(),
            head.reason(),
            head.version(),
            head.keep_alive(),
            head.is_gzip(),
        )
    }

    /// The status line with its CRLF.
    pub fn status_line(&self) -> &[u8] {
        self.0.lines().next().unwrap_or_default()
    }

    /// Names and values.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.headers()
    }
}

impl fmt::Debug for ResponseHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResponseHead").field(&self.meaning()).finish()
    }
}

/// The normal form of a URL; with a base, of what it means there. `None` if it is refused.
pub fn normal_url(base: &str, text: &str) -> Option<String> {
    let mut url = Url::default();
    if base.is_empty() {
        url.set(text).ok()?;
    } else {
        url.set(base).ok()?;
        let joined = url.join(text);
        url.set(&joined).ok()?;
    }
    Some(url.as_str().to_owned())
}
