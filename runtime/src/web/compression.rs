//! Responses that travel smaller: RFC 9110, section 8.4.

use std::error::Error;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context as Polling, Poll, ready};

use ::http::StatusCode;
use bytes::Bytes;
use flate2::write::GzEncoder;
use futures_core::Stream;

use super::Application;
use super::security::Guard;
use super::static_files::is_worth_compressing;
use crate::http::{Body, ByteStream, Request, Response, takes_coding};

/// Compresses responses for those who take it: Tornado's `compress_response`.
///
/// With gzip, at level 6, what is text or something like it, and has 1024 bytes or more; also streams, of which each piece leaves at once. What
/// is compressed already, a part of something (206), or has `Cache-Control: no-transform`, is left alone. `Vary` says that others may get
/// something else; an Etag becomes a weak one.
///
/// Who can make a user's browser ask, and see how long the answers are, can find out what is in them (BREACH). So an answer to a request with
/// cookies is only compressed if the browser says that it comes from this site (`Sec-Fetch-Site`), unless told otherwise.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::Compression;
///
/// #[route("/")]
/// async fn index() -> String {
///     "Hello, world. ".repeat(1000)
/// }
///
/// let app = Application::new(routes![index]).compress_response(Compression::default());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Compression {
    level: u32,
    min_length: u64,
    trusts_everybody: bool,
}

impl Default for Compression {
    fn default() -> Self {
        Self { level: 6, min_length: 1024, trusts_everybody: false }
    }
}

/// Larger bodies are compressed piece by piece, so that others have their turn.
const PIECE: usize = 64 * 1024;

impl Compression {
    /// How hard to try, from 1 to 9; 6 unless set.
    #[must_use]
    pub fn level(mut self, level: u32) -> Self {
        self.level = level.clamp(1, 9);
        self
    }

    /// From how many bytes on; 1024 unless set. Streams of unknown length are always compressed.
    #[must_use]
    pub fn min_length(mut self, bytes: u64) -> Self {
        self.min_length = bytes;
        self
    }

    /// Compresses whoever asks: for applications whose pages have no secrets beside what a stranger can put into them.
    #[must_use]
    pub fn even_across_sites(mut self) -> Self {
        self.trusts_everybody = true;
        self
    }

    /// Whether the answer to this request may be compressed, as far as secrets go.
    fn is_safe(&self, request: &Request) -> bool {
        self.trusts_everybody
            || request.header_bytes("cookie").is_none()
            || matches!(request.header("sec-fetch-site"), Some("same-origin" | "none"))
    }
}

impl Application {
    /// Compresses responses for those who take it. Nothing is compressed unless this says so.
    #[must_use]
    pub fn compress_response(mut self, compression: Compression) -> Self {
        self.defences.push(compression);
        self
    }
}

impl Guard for Compression {
    fn finish(&self, request: &Request, mut response: Response) -> Response {
        let is_left_alone = matches!(
            response.status(),
            StatusCode::SWITCHING_PROTOCOLS
                | StatusCode::NO_CONTENT
                | StatusCode::PARTIAL_CONTENT
                | StatusCode::NOT_MODIFIED
        );
        let headers = response.headers_mut();
        if is_left_alone
            || !headers.content_type().is_some_and(is_worth_compressing)
            || headers.contains("content-encoding")
            || headers.value("cache-control").is_some_and(|value| has(value, "no-transform"))
        {
            return response;
        }
        if !headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("vary") && (has(value, "accept-encoding") || has(value, "*"))
        }) {
            let _valid = headers.append("Vary", "Accept-Encoding");
        }
        let is_short = response.body().length().is_some_and(|length| length < self.min_length);
        if is_short || !takes_gzip(request) || !self.is_safe(request) {
            return response;
        }
        let headers = response.headers_mut();
        let _valid = headers.insert("Content-Encoding", "gzip");
        // Ranges would be those of the body as it was.
        headers.remove("accept-ranges");
        if let Some(tag) = headers.value("etag").filter(|tag| !tag.starts_with(b"W/")) {
            let weak = [b"W/", tag].concat();
            let _valid = headers.insert("Etag", weak);
        }
        *response.body_mut() = self.compressed(std::mem::take(response.body_mut()));
        response
    }
}

impl Compression {
    fn compressed(&self, body: Body) -> Body {
        let encoder = GzEncoder::new(Vec::new(), flate2::Compression::new(self.level));
        let source = match body {
            Body::Stream(stream) => Source::Stream(stream),
            whole => {
                let bytes = match whole {
                    Body::Static(bytes) => Bytes::from_static(bytes),
                    Body::Bytes(bytes) => bytes,
                    Body::Buffer(bytes) => bytes.into(),
                    Body::Empty | Body::Stream(_) => Bytes::new(),
                };
                if bytes.len() <= PIECE {
                    let mut encoder = encoder;
                    let compressed = encoder.write_all(&bytes).and_then(|()| encoder.finish());
                    // Into memory, nothing can fail.
                    return compressed.map_or(Body::Empty, Body::from);
                }
                Source::Whole(bytes)
            }
        };
        Body::stream(Compressed { source, encoder: Some(encoder) })
    }
}

/// A body that is compressed while it is sent.
struct Compressed {
    source: Source,
    /// None at the end.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

enum Source {
    Whole(Bytes),
    Stream(ByteStream),
}

impl Compressed {
    fn push(&mut self, piece: &[u8]) -> io::Result<Bytes> {
        let Some(encoder) = &mut self.encoder else { return Ok(Bytes::new()) };
        encoder.write_all(piece)?;
        if matches!(self.source, Source::Stream(_)) {
            // Whoever made a piece wants it to arrive.
            encoder.flush()?;
        }
        Ok(std::mem::take(encoder.get_mut()).into())
    }
}

impl Stream for Compressed {
    type Item = Result<Bytes, Box<dyn Error>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Polling<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let piece = match &mut self.source {
                Source::Whole(bytes) if bytes.is_empty() => None,
                Source::Whole(bytes) => Some(bytes.split_to(PIECE.min(bytes.len()))),
                Source::Stream(stream) => match ready!(Pin::new(stream).poll_next(cx)) {
                    Some(Ok(piece)) => Some(piece),
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => None,
                },
            };
            let compressed = match piece {
                Some(piece) => self.push(&piece),
                None => match self.encoder.take() {
                    Some(encoder) => encoder.finish().map(Bytes::from),
                    None => return Poll::Ready(None),
                },
            };
            match compressed {
                Ok(bytes) if bytes.is_empty() => {}
                other => return Poll::Ready(Some(other.map_err(Into::into))),
            }
        }
    }
}

/// Whether a list has this word.
fn has(list: &[u8], word: &str) -> bool {
    list.split(|byte| *byte == b',')
        .any(|part| part.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether the client takes gzip: it names it, or else everything, and not with a weight of zero.
fn takes_gzip(request: &Request) -> bool {
    let Some(header) = request.header("accept-encoding") else { return false };
    let takes = |coding| takes_coding(header, coding).next();
    takes("gzip").or_else(|| takes("x-gzip")).or_else(|| takes("*")).unwrap_or(false)
}
