//! The head of a response: status line and headers.

mod scanner;

use self::scanner::{Scanned, Scanner};
use super::violation::ResponseViolation;
use crate::http::class::trim;
use crate::http::field::{Field, Span};
use crate::http::framing::{Options, is, length};
use crate::http::{Limits, Violation};
use ::http::{Method, StatusCode, Version};
use httparse::{ParserConfig, Response, Status};
use std::mem::MaybeUninit;

/// A parsed head, with a copy of its bytes.
///
/// It is used for response after response. If the next one has the same bytes, as most answers of a server within a second do,
/// they are compared, and neither parsed nor copied.
#[derive(Default)]
pub(super) struct ResponseHead {
    /// Empty unless the head is complete.
    bytes: Vec<u8>,
    /// The length of the status line with its CRLF.
    line: usize,
    fields: Vec<Field>,
    status: StatusCode,
    reason: Span,
    version: Version,
    length: Option<u64>,
    /// Content-Length was there more than once.
    is_repeated: bool,
    options: Options,
    /// Whether Content-Encoding is `gzip`, or `x-gzip`, which is the same. RFC 9110 §8.4.1.3.
    is_gzip: bool,
    scanner: Scanner,
}

/// How the end of a response's body is found. RFC 9112 §6.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// There is no body.
    None,
    /// The body has this many bytes.
    Length(u64),
    /// The body comes in chunks.
    Chunked,
    /// The body is whatever comes until the connection ends.
    Close,
}

/// Headers that fit into the fast parser's slots. Few responses have more, and the scanner takes those.
const SLOTS: usize = 64;

/// Longer heads are not kept for comparison; their memory goes its way.
const KEPT: usize = 8 * 1024;

impl ResponseHead {
    /// Parses the head at the start of `buffer`; returns where it ends, or `None` if it is not complete. Then it is to be called
    /// again with the same bytes and more behind them.
    pub(super) fn parse(
        &mut self,
        buffer: &[u8],
        limits: &Limits,
    ) -> Result<Option<usize>, ResponseViolation> {
        if self.scanner.is_fresh() {
            if self.is_repeated_in(buffer, limits) {
                return Ok(Some(self.bytes.len()));
            }
            self.restart();
            if let Some(end) = self.parse_fast(buffer, limits) {
                self.bytes.extend_from_slice(&buffer[..end]);
                return Ok(Some(end));
            }
            self.restart();
        }
        self.scan(buffer, limits)
    }

    /// Forgets a head that has been read in part.
    pub(super) fn settle(&mut self) {
        if !self.scanner.is_fresh() {
            self.restart();
        }
        if self.bytes.capacity() > KEPT {
            self.restart();
            self.bytes = Vec::new();
            self.fields = Vec::new();
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }

    /// The status line and the headers, each with its CRLF, and the empty line behind them.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.split_inclusive(|byte| *byte == b'\n')
    }

    /// As it was sent; empty if it was not, or is no text.
    pub(super) fn reason(&self) -> &str {
        self.reason.text(&self.bytes)
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields
            .iter()
            .map(|field| (field.name.text(&self.bytes), field.value.bytes(&self.bytes)))
    }

    pub(super) fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(each, _)| each.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether the body is compressed in the one way that we understand.
    pub(super) fn is_gzip(&self) -> bool {
        self.is_gzip
    }

    /// Whether another request may be sent over the connection, as far as the server says. One that cannot tell how long its body is
    /// without repeating itself is better not believed twice.
    pub(super) fn keep_alive(&self) -> bool {
        self.options.keep_alive(self.version) && !self.is_repeated
    }

    /// Where the body ends of this response to a request with `method`. RFC 9112 §6.3, in its order.
    pub(super) fn ending(&self, method: &Method) -> Result<Ending, ResponseViolation> {
        let announced = self.options.chunked || self.length.is_some_and(|length| length > 0);
        match (self.options.chunked, self.length) {
            (true, Some(_)) => Err(Violation::ContentLengthWithTransferEncoding.into()),
            (true, None) if self.version == Version::HTTP_10 => {
                Err(Violation::TransferEncodingVersion.into())
            }
            _ if self.status.is_informational() || self.status == StatusCode::NO_CONTENT => {
                // Its end is certain, but a server that sends the body nevertheless would choose our next response.
                if announced { Err(ResponseViolation::BodyForbidden) } else { Ok(Ending::None) }
            }
            _ if self.status == StatusCode::NOT_MODIFIED || *method == Method::HEAD => {
                Ok(Ending::None)
            }
            (true, None) => Ok(Ending::Chunked),
            (false, Some(0)) => Ok(Ending::None),
            (false, Some(length)) => Ok(Ending::Length(length)),
            (false, None) => Ok(Ending::Close),
        }
    }

    /// Whether the buffer begins with the same head as before. What bytes mean depends on nothing but the bytes.
    #[inline]
    fn is_repeated_in(&self, buffer: &[u8], limits: &Limits) -> bool {
        !self.bytes.is_empty()
            && buffer.starts_with(&self.bytes)
            && self.line - 2 <= limits.request_line
            && self.bytes.len() - self.line <= limits.header_bytes
            && self.fields.len() <= limits.header_count
    }

    #[inline]
    fn restart(&mut self) {
        self.bytes.clear();
        self.fields.clear();
        self.reason = Span::default();
        self.length = None;
        self.is_repeated = false;
        self.options = Options::default();
        self.is_gzip = false;
        self.scanner = Scanner::default();
    }

    /// Reads a head that is complete and in order, and returns where it ends. Anything else is left to the scanner.
    ///
    /// httparse takes more than we do. What it lets pass is caught here: empty lines before the status line, bare LF as line
    /// ends, and sections of any length.
    #[inline]
    fn parse_fast(&mut self, buffer: &[u8], limits: &Limits) -> Option<usize> {
        if buffer.first() != Some(&b'H') {
            return None;
        }
        let mut slots = [const { MaybeUninit::uninit() }; SLOTS];
        let mut response = Response::new(&mut []);
        let parsed = ParserConfig::default().parse_response_with_uninit_headers(
            &mut response,
            buffer,
            &mut slots,
        );
        let Ok(Status::Complete(end)) = parsed else { return None };
        let buffer = &buffer[..end];
        if !buffer.ends_with(b"\r\n\r\n") {
            return None;
        }
        let line = memchr::memchr(b'\n', buffer)? + 1;
        if line - 2 > limits.request_line.min(Limits::SECTION)
            || end - line > limits.header_bytes.min(Limits::SECTION)
            || response.headers.len() > limits.header_count
            || buffer[line - 2] != b'\r'
        {
            return None;
        }
        self.fields.reserve(response.headers.len());
        for header in &*response.headers {
            let name = Span::of(header.name.as_bytes(), buffer);
            if buffer[name.start() - 2] != b'\r' {
                return None;
            }
            let value = Span::of(header.value, buffer);
            self.note(header.name.as_bytes(), header.value).ok()?;
            self.fields.push(Field { name, value });
        }
        self.line = line;
        self.status = StatusCode::from_u16(response.code?).ok()?;
        // Behind `HTTP/1.1 200 `; the space and the phrase may be missing.
        self.reason = Span::new(13.min(line - 2)..line - 2);
        self.version = if response.version? == 0 { Version::HTTP_10 } else { Version::HTTP_11 };
        Some(end)
    }

    #[cold]
    fn scan(&mut self, buffer: &[u8], limits: &Limits) -> Result<Option<usize>, ResponseViolation> {
        let scanned = self.scanner.scan(buffer, &mut self.fields, limits);
        if matches!(scanned, Ok(None)) {
            return Ok(None);
        }
        self.scanner = Scanner::default();
        let Some(Scanned { line, status, reason, version, end }) = scanned? else {
            return Ok(None);
        };
        for index in 0..self.fields.len() {
            let Field { name, value } = self.fields[index];
            self.note(name.bytes(buffer), value.bytes(buffer))?;
        }
        self.line = line;
        self.status = status;
        self.reason = reason;
        self.version = version;
        self.bytes.extend_from_slice(&buffer[..end]);
        Ok(Some(end))
    }

    #[inline]
    fn note(&mut self, name: &[u8], value: &[u8]) -> Result<(), ResponseViolation> {
        match (name.len(), name.first().map(|first| first | 0x20)) {
            (10, Some(b'c')) if is(name, b"connection") => self.options.connection(value),
            (14, Some(b'c')) if is(name, b"content-length") => self.content_length(value)?,
            (16, Some(b'c')) if is(name, b"content-encoding") => {
                self.is_gzip = is(value, b"gzip") || is(value, b"x-gzip");
            }
            (17, Some(b't')) if is(name, b"transfer-encoding") => {
                self.options.transfer_encoding(value)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// RFC 9112 §6.3 lets a recipient take equal lengths for one, and there are servers that need it.
    fn content_length(&mut self, value: &[u8]) -> Result<(), ResponseViolation> {
        for part in value.split(|&byte| byte == b',') {
            let length = length(trim(part))?;
            match self.length.replace(length) {
                None => {}
                Some(before) if before == length => self.is_repeated = true,
                Some(_) => return Err(ResponseViolation::ContentLengthDiffers),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
