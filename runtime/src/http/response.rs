//! A response, and how it is written.

use bytes::Bytes;

use ::http::{StatusCode, Version};

use super::body::{Body, ByteStream};
use super::date::DateLine;
use super::headers::{ContentType, Headers, InvalidHeader};

/// A response: a status, headers and a body.
///
/// The reason phrase is always the canonical one of the status, and Date, Connection, Content-Length and
/// Transfer-Encoding are written by the server, so none of them can contradict what is sent.
///
/// ```
/// use gustnado::http::{ContentType, Response};
/// use http::StatusCode;
///
/// let response = Response::new(StatusCode::CREATED)
///     .with_content_type(ContentType::JSON)
///     .with_header("Location", "/user/7")?
///     .with_body(r#"{"id":7}"#);
/// assert_eq!(response.status(), 201);
/// # Ok::<_, gustnado::http::InvalidHeader>(())
/// ```
#[derive(Debug, Default)]
pub struct Response {
    headers: Headers,
    body: Body,
    status: StatusCode,
}

// It is moved a few times on its way from the handler to the wire.
const _: () = assert!(size_of::<Response>() <= 128);

impl Response {
    /// A response without headers and body.
    ///
    /// 101 is a response like any other, and the `Upgrade` option of Connection is written for it. The other
    /// 1xx announce a response and cannot be one: they are sent as 500.
    #[inline]
    pub fn new(status: StatusCode) -> Self {
        Self { headers: Headers::default(), body: Body::Empty, status }
    }

    /// The same response with this body.
    #[inline]
    pub fn with_body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// The same response with this Content-Type.
    #[inline]
    pub fn with_content_type(mut self, content_type: ContentType) -> Self {
        self.headers.set_content_type(content_type);
        self
    }

    /// The same response with this header in place of every other of its name.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader`], see [`Headers::insert`].
    pub fn with_header(
        mut self,
        name: impl AsRef<str>,
        value: impl AsRef<[u8]>,
    ) -> Result<Self, InvalidHeader> {
        self.headers.insert(name, value)?;
        Ok(self)
    }

    /// The same response with another status.
    #[inline]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The headers, for changing them.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.headers
    }

    /// The body, for changing it.
    pub fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    /// Sets the status.
    pub fn set_status(&mut self, status: StatusCode) {
        self.status = status;
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers, without those the server writes itself.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The body on its own.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Appends the response to `out`: the head, and behind it a body that is short and complete. What remains to
    /// be sent after it is returned.
    ///
    /// - 1xx, 204 and 304 have no body, and neither Content-Length nor Transfer-Encoding; what the response
    ///   holds is dropped.
    /// - 205 has an empty body.
    /// - The answer to HEAD has the head that GET would get, and no body.
    /// - A body of unknown length is chunked for HTTP/1.1, and ended by closing the connection for HTTP/1.0.
    /// - 101 and 426 carry the connection option `Upgrade`, as RFC 9110 §7.8 demands.
    #[inline]
    pub fn encode(self, context: &Encoding<'_>, out: &mut Vec<u8>) -> Encoded {
        if self.status == StatusCode::OK
            && context.version == Version::HTTP_11
            && context.keep_alive
            && !context.head_only
            && let Some(body) = self.body.as_bytes()
            && body.len() <= INLINE
        {
            self.headers.reserve_in(out, HEAD + body.len());
            out.extend_from_slice(context.date.ok_bytes());
            self.headers.write(out);
            out.extend_from_slice(b"Content-Length: ");
            out.extend_from_slice(itoa::Buffer::new().format(body.len()).as_bytes());
            out.extend_from_slice(b"\r\n\r\n");
            out.extend_from_slice(body);
            return Encoded { rest: Rest::Nothing, keep_alive: true };
        }
        self.encode_unusual(context, out)
    }

    fn encode_unusual(mut self, context: &Encoding<'_>, out: &mut Vec<u8>) -> Encoded {
        let status = self.status;
        if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
            return Self::new(StatusCode::INTERNAL_SERVER_ERROR).encode(context, out);
        }
        let bodiless = status.is_informational()
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED;
        if bodiless {
            self.headers.set_content_type(None);
        }
        if status == StatusCode::RESET_CONTENT {
            self.body = Body::Empty;
        }
        let old = context.version == Version::HTTP_10;
        let length = self.body.length();
        let until_close = old && length.is_none() && !bodiless;
        let keep_alive = context.keep_alive && !until_close;

        self.headers.reserve_in(out, HEAD);
        write_status_line(status, out);
        out.extend_from_slice(context.date.as_bytes());
        self.headers.write(out);
        write_connection(status, old, keep_alive, out);
        match length {
            _ if bodiless => {}
            Some(length) => {
                out.extend_from_slice(b"Content-Length: ");
                out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
                out.extend_from_slice(b"\r\n");
            }
            None if old => {}
            None => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        }
        out.extend_from_slice(b"\r\n");

        if bodiless || context.head_only {
            return Encoded { rest: Rest::Nothing, keep_alive };
        }
        let rest = match self.body {
            Body::Stream(stream) => match length {
                Some(length) => Rest::Sized(stream, length),
                None if old => Rest::UntilClose(stream),
                None => Rest::Chunked(stream),
            },
            whole => write_whole(whole, out),
        };
        Encoded { rest, keep_alive }
    }
}

impl From<StatusCode> for Response {
    fn from(status: StatusCode) -> Self {
        Self::new(status)
    }
}

/// What the request and the connection say about how a response is written.
#[derive(Clone, Copy, Debug)]
pub struct Encoding<'a> {
    /// The Date header.
    pub date: &'a DateLine,
    /// The version of the request.
    pub version: Version,
    /// Whether the request is HEAD.
    pub head_only: bool,
    /// Whether the connection is to be kept.
    pub keep_alive: bool,
}

/// What is left to do after the head of a response has been written.
#[derive(Debug)]
#[must_use = "the body may not be sent yet"]
pub struct Encoded {
    /// What remains to be sent.
    pub rest: Rest,
    /// Whether the connection outlives the response; `false` if it was to be closed anyway, or if its end is the
    /// only sign that the body is complete.
    pub keep_alive: bool,
}

/// The part of a response that is not in the buffer yet.
#[derive(Debug)]
pub enum Rest {
    /// The response is complete.
    Nothing,
    /// These bytes, as they are. They are too many to be worth copying behind the head.
    Whole(Bytes),
    /// What the stream yields, as it is; it must be this many bytes.
    Sized(ByteStream, u64),
    /// What the stream yields, each item framed by [`write_chunk`](super::write_chunk), and then
    /// [`LAST_CHUNK`](super::LAST_CHUNK).
    Chunked(ByteStream),
    /// What the stream yields, as it is, and then the end of the connection.
    UntilClose(ByteStream),
}

/// The longest whole body that is copied behind the head. Above it, a second buffer in a vectored write costs less
/// than the copy.
const INLINE: usize = 16 * 1024;

/// No status line, Date, Connection, length and the names around them are together longer than this.
const HEAD: usize = 256;

fn write_status_line(status: StatusCode, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or("Unknown").as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// HTTP/1.1 keeps a connection unless told otherwise, HTTP/1.0 closes it unless told otherwise. `close` is said to
/// both: it costs nothing, and a proxy in between may not speak what the client speaks.
fn write_connection(status: StatusCode, old: bool, keep_alive: bool, out: &mut Vec<u8>) {
    let line: &[u8] = match (status, keep_alive) {
        // The connection is the new protocol's from here on.
        (StatusCode::SWITCHING_PROTOCOLS, _) => b"Connection: Upgrade\r\n",
        (StatusCode::UPGRADE_REQUIRED, true) if old => b"Connection: Upgrade, keep-alive\r\n",
        (StatusCode::UPGRADE_REQUIRED, true) => b"Connection: Upgrade\r\n",
        (StatusCode::UPGRADE_REQUIRED, false) => b"Connection: Upgrade, close\r\n",
        (_, true) if old => b"Connection: keep-alive\r\n",
        (_, true) => b"",
        (_, false) => b"Connection: close\r\n",
    };
    out.extend_from_slice(line);
}

fn write_whole(whole: Body, out: &mut Vec<u8>) -> Rest {
    let bytes = whole.into_bytes().unwrap_or_default();
    if bytes.len() > INLINE {
        return Rest::Whole(bytes);
    }
    out.extend_from_slice(&bytes);
    Rest::Nothing
}

#[cfg(test)]
mod tests;
