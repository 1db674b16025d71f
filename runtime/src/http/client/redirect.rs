//! Going where a response says.

use super::errors::InvalidRequest;
use super::record::Parts;
use ::http::{Method, StatusCode};
use std::borrow::Cow;

/// What a server is told because we trust it, or because it is that server; none of it is another's business.
const PRIVATE: [&str; 5] =
    ["Authorization", "Cookie", "Host", "Proxy-Authorization", "WWW-Authenticate"];

/// What describes a body.
const OF_BODY: [&str; 4] =
    ["Content-Encoding", "Content-Language", "Content-Location", "Content-Type"];

impl Parts {
    /// Makes the request that the response asks for, and says whether it does.
    ///
    /// It does not if that would be one redirect too many, or if a body were to be sent again that was a stream: then the response is
    /// the last one.
    pub(super) fn redirect(&mut self, max_redirects: u32) -> Result<bool, InvalidRequest> {
        let status = self.head.status();
        let Some(change) = Change::of(status, &self.method) else { return Ok(false) };
        let Some(location) = self.head.header("location") else { return Ok(false) };
        let keeps_body = change == Change::Nothing && self.has_streamed;
        if keeps_body || self.redirects >= max_redirects {
            return Ok(false);
        }
        let location = match std::str::from_utf8(location) {
            Ok(location) => Cow::Borrowed(location),
            // An old server's Latin-1.
            Err(_) => location.iter().copied().map(char::from).collect(),
        };
        let target = self.url.join(&location);
        let origin = self.url.origin().to_owned();
        let credentials = self.url.set(&target)?;

        self.redirects += 1;
        if let Some(digest) = &mut self.digest {
            digest.restart();
        }
        if self.url.origin() != origin {
            self.credentials = None;
            self.digest = None;
            if let Some(route) = &mut self.route {
                route.unix_socket = None;
                #[cfg(feature = "tls")]
                route.secure.leave_origin();
            }
            for name in PRIVATE {
                self.headers.remove(name);
            }
        }
        if credentials.is_some() {
            self.credentials = credentials;
            self.digest = None;
        }
        if change == Change::ToGet {
            self.method = Method::GET;
            self.body = None;
            self.has_streamed = false;
            for name in OF_BODY {
                self.headers.remove(name);
            }
        }
        Ok(true)
    }
}

/// What becomes of the method.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// The same request again.
    Nothing,
    /// GET, and without the body.
    ToGet,
}

impl Change {
    /// What a redirect asks for; `None` if it is none. RFC 9110 §15.4, and as in Tornado: 303 makes everything but HEAD a GET, and so
    /// do 301 and 302 with POST, because browsers always did.
    fn of(status: StatusCode, method: &Method) -> Option<Self> {
        let to_get = match status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
            StatusCode::SEE_OTHER => *method != Method::HEAD,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
            _ => return None,
        };
        Some(if to_get { Self::ToGet } else { Self::Nothing })
    }
}
