//! What is answered.

use super::errors::HTTPClientError;
use super::record::Record;
use super::time_info::TimeInfo;
use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The response to a [`fetch`](super::AsyncHTTPClient::fetch), with its whole body.
///
/// ```no_run
/// # async fn example(client: gustnado::http::AsyncHTTPClient) -> gustnado::Result<()> {
/// let response = client.fetch("http://example.com/").await?;
/// println!("{} bytes of {:?}", response.body().len(), response.header("content-type"));
/// # Ok(())
/// # }
/// ```
pub struct HTTPResponse {
    pub(super) record: Record,
}

// It is what a fetch returns, also inside of errors.
const _: () = assert!(size_of::<HTTPResponse>() == size_of::<usize>());

impl HTTPResponse {
    pub(super) fn new(record: Record) -> Self {
        Self { record }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.record.head.status()
    }

    /// The status as a number, as Tornado has it.
    pub fn code(&self) -> u16 {
        self.status().as_u16()
    }

    /// The reason phrase that the server has sent, else the usual one of the status, else "Unknown".
    pub fn reason(&self) -> &str {
        match self.record.head.reason() {
            "" => self.status().canonical_reason().unwrap_or("Unknown"),
            reason => reason,
        }
    }

    /// HTTP/1.0, or HTTP/1.1 for any other 1.x.
    pub fn version(&self) -> Version {
        self.record.head.version()
    }

    /// The first header of that name, in any case of letters; `None` also if its value is not UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_bytes(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The first header of that name, in any case of letters.
    pub fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(each, _)| each.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All headers, in the order and spelling in which they were sent. Of a body that was
    /// [decompressed](super::HTTPRequest::decompress_response), Content-Encoding is called `X-Consumed-Content-Encoding`.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let consumed = self.record.is_decompressed;
        self.record.head.headers().map(move |(name, value)| match name {
            name if consumed && name.eq_ignore_ascii_case("content-encoding") => {
                ("X-Consumed-Content-Encoding", value)
            }
            name => (name, value),
        })
    }

    /// The headers as a map, for libraries that want one. It is built anew by each call.
    pub fn header_map(&self) -> HeaderMap {
        let parse = |(name, value): (&str, &[u8])| {
            Some((
                HeaderName::from_bytes(name.as_bytes()).ok()?,
                HeaderValue::from_bytes(value).ok()?,
            ))
        };
        let mut map = HeaderMap::new();
        for (name, value) in self.headers().filter_map(parse) {
            map.append(name, value);
        }
        map
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.record.content
    }

    /// The body on its own.
    pub fn into_body(mut self) -> Bytes {
        std::mem::take(&mut self.record.content)
    }

    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.body())
    }

    /// The body read as JSON, whatever its Content-Type says.
    ///
    /// # Errors
    ///
    /// It is not JSON, or not of this shape.
    pub fn json<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_slice(self.body())
    }

    /// The URL that has answered, after redirects, in its normal form and without user information.
    pub fn effective_url(&self) -> &str {
        self.record.url.as_str()
    }

    /// From the end of the queue to the end of the response.
    pub fn request_time(&self) -> Duration {
        self.record.times.request_time()
    }

    /// How long each phase took.
    pub fn time_info(&self) -> TimeInfo {
        self.record.times.info()
    }

    /// Itself, if its status is a success (2xx).
    ///
    /// # Errors
    ///
    /// [`HTTPClientError::Status`], if it is not.
    pub fn rethrow(self) -> Result<Self, HTTPClientError> {
        if self.status().is_success() { Ok(self) } else { Err(HTTPClientError::Status(self)) }
    }
}

/// Names of headers only: values carry cookies and other secrets, and this text ends up in logs.
impl fmt::Debug for HTTPResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HTTPResponse")
            .field("status", &self.status())
            .field("effective_url", &self.effective_url())
            .field("headers", &self.headers().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body", &format_args!("{} bytes", self.body().len()))
            .finish_non_exhaustive()
    }
}
