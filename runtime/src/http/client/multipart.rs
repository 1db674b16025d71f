//! Forms with files.

use super::errors::InvalidRequest;
use crate::http::multipart::escape;
use crate::http::{Body, ContentType};
use bytes::Bytes;
use futures_core::Stream;
use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::error::Error;
use std::fmt;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A form with files, as browsers send it: `multipart/form-data`, RFC 7578.
///
/// It is put together in memory, but for files that are [produced while they are sent](Self::streamed_file). What its names hold
/// cannot break out of them.
///
/// ```
/// use gustnado::http::{HTTPRequest, Multipart};
///
/// let form = Multipart::new()
///     .text("title", "Holidays")
///     .file("picture", "beach.png", "image/png", b"...");
/// let request = HTTPRequest::post("http://example.com/pictures").multipart(form);
/// ```
pub struct Multipart {
    boundary: String,
    /// What lies before `body`.
    before: VecDeque<Body>,
    body: Vec<u8>,
    problem: Option<InvalidRequest>,
}

impl Multipart {
    /// A form without fields.
    pub fn new() -> Self {
        // Nobody who writes a file can know it beforehand.
        let chance = || RandomState::new().hash_one(0);
        let boundary = format!("gustnado-{:016x}{:016x}", chance(), chance());
        Self { boundary, before: VecDeque::new(), body: Vec::new(), problem: None }
    }

    /// The same form with this field behind the others.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.begin(name, None);
        self.end(value.as_ref().as_bytes());
        self
    }

    /// The same form with this file behind the other fields.
    #[must_use]
    pub fn file(
        mut self,
        name: &str,
        filename: &str,
        content_type: &str,
        content: impl AsRef<[u8]>,
    ) -> Self {
        self.begin_file(name, filename, content_type);
        self.end(content.as_ref());
        self
    }

    /// The same form with this file behind the other fields, which is produced while it is sent, so that it is never in memory as a
    /// whole. If the lengths of all such files are known, the length of the form is; otherwise it is sent in chunks.
    #[must_use]
    pub fn streamed_file(
        mut self,
        name: &str,
        filename: &str,
        content_type: &str,
        content: impl Into<Body>,
    ) -> Self {
        self.begin_file(name, filename, content_type);
        self.body.extend_from_slice(b"\r\n");
        self.before.push_back(std::mem::take(&mut self.body).into());
        self.before.push_back(content.into());
        self.body.extend_from_slice(b"\r\n");
        self
    }

    /// The value of Content-Type, and the body.
    pub(in crate::http) fn finish(mut self) -> Result<(ContentType, Body), InvalidRequest> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        self.body.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        let content_type = format!("multipart/form-data; boundary={}", self.boundary);
        let content_type = ContentType::new(content_type)?;
        if self.before.is_empty() {
            return Ok((content_type, self.body.into()));
        }
        let mut pieces = self.before;
        pieces.push_back(self.body.into());
        let length = pieces.iter().map(Body::length).sum::<Option<u64>>();
        let stream = Pieces(pieces);
        let body = match length {
            Some(length) => Body::sized_stream(length, stream),
            None => Body::stream(stream),
        };
        Ok((content_type, body))
    }

    fn begin_file(&mut self, name: &str, filename: &str, content_type: &str) {
        self.begin(name, Some(filename));
        match ContentType::new(content_type) {
            Ok(content_type) => {
                self.body.extend_from_slice(b"Content-Type: ");
                self.body.extend_from_slice(content_type.as_bytes());
                self.body.extend_from_slice(b"\r\n");
            }
            Err(error) => {
                self.problem.get_or_insert(error.into());
            }
        }
    }

    fn begin(&mut self, name: &str, filename: Option<&str>) {
        let mut head = format!("--{}\r\nContent-Disposition: form-data; name=\"", self.boundary);
        escape(name, &mut head);
        if let Some(filename) = filename {
            head += "\"; filename=\"";
            escape(filename, &mut head);
        }
        head += "\"\r\n";
        self.body.extend_from_slice(head.as_bytes());
    }

    fn end(&mut self, content: &[u8]) {
        self.body.extend_from_slice(b"\r\n");
        self.body.extend_from_slice(content);
        self.body.extend_from_slice(b"\r\n");
    }
}

/// Bodies, one behind the other.
struct Pieces(VecDeque<Body>);

impl Stream for Pieces {
    type Item = Result<Bytes, Box<dyn Error>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while let Some(first) = self.0.front_mut() {
            if let Body::Stream(stream) = first
                && let Some(piece) = ready!(Pin::new(stream).poll_next(cx))
            {
                return Poll::Ready(Some(piece));
            }
            // It is whole, or has ended.
            if let Some(bytes) = self.0.pop_front().and_then(Body::into_bytes) {
                return Poll::Ready(Some(Ok(bytes)));
            }
        }
        Poll::Ready(None)
    }
}

impl Default for Multipart {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multipart").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::InvalidHeader;

    #[test]
    fn parts_are_separated_by_what_nobody_knows() {
        let form =
            Multipart::new().text("a", "1\r\n2").file("b", "c\".txt\r\nX: y", "text/plain", "3");
        let (content_type, body) = form.finish().unwrap();
        let content_type = String::from_utf8(content_type.as_bytes().to_vec()).unwrap();
        let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"b\"; filename=\"c%22.txt%0D%0AX: y\"\r\n\
             Content-Type: text/plain\r\n\r\n3\r\n--{boundary}--\r\n"
        );
        assert_eq!(body.as_bytes().unwrap(), expected.as_bytes());
        assert_ne!(Multipart::new().boundary, Multipart::new().boundary);
    }

    #[test]
    fn a_content_type_is_one_line() {
        let form = Multipart::new().file("a", "b", "text/plain\r\nX: y", "");
        assert_eq!(form.finish().unwrap_err(), InvalidRequest::Header(InvalidHeader::Value));
    }
}
