//! The strict reading of a head, byte by byte.

use ::http::{Method, Version};

use super::super::class::Class;
use super::super::field::{Bounds, Field, FieldScanner, Span};
use super::super::limits::Limits;
use super::super::violation::Violation;

/// Reads a head that the fast parser did not take: it is incomplete, unusual or wrong.
///
/// Every byte is looked at once, so the work is linear even if they arrive one by one, and a violation is reported
/// at the first byte that shows it. What is said about some bytes thus never depends on how they were split.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    at: usize,
    /// Where the current part of the request line starts.
    mark: usize,
    /// Where the request line starts.
    line: usize,
    method: Span,
    target: Span,
    version: Version,
    fields: FieldScanner,
}

/// A request line, and where the head starts and ends.
#[derive(Debug)]
pub(super) struct Scanned {
    /// Behind the empty lines.
    pub(super) start: usize,
    pub(super) method: Method,
    /// Counted from the start.
    pub(super) target: Span,
    pub(super) version: Version,
    pub(super) end: usize,
}

impl Scanner {
    /// Whether no byte has been looked at yet.
    #[inline]
    pub(super) fn is_fresh(&self) -> bool {
        self.at == 0
    }

    /// How many bytes have been looked at.
    #[cfg(test)]
    pub(super) fn position(&self) -> usize {
        if matches!(self.state, State::Fields) { self.fields.position() } else { self.at }
    }

    /// Goes on where it stopped; `buffer` starts with the bytes it has seen.
    #[cold]
    pub(super) fn scan(
        &mut self,
        buffer: &[u8],
        fields: &mut Vec<Field>,
        limits: &Limits,
    ) -> Result<Option<Scanned>, Violation> {
        let longest = limits.request_line.min(Limits::SECTION);
        while !matches!(self.state, State::Fields) {
            let Some(&byte) = buffer.get(self.at) else { return Ok(None) };
            self.step(buffer, byte, longest)?;
            self.at += 1;
            if matches!(self.state, State::Fields) {
                self.fields = FieldScanner::new(self.at);
            }
        }
        let bounds = Bounds {
            bytes: limits.header_bytes.min(Limits::SECTION),
            count: limits.header_count,
            too_large: Violation::HeadersTooLarge,
            too_many: Violation::TooManyHeaders,
        };
        let Some(end) = self.fields.scan(buffer, fields, &bounds)? else { return Ok(None) };
        let method = Method::from_bytes(self.method.bytes(buffer));
        let method = method.map_err(|_| Violation::MethodSyntax)?;
        let (start, mut target) = (self.line, self.target);
        target.shift(start, 0);
        Ok(Some(Scanned { start, method, target, version: self.version, end }))
    }

    fn step(&mut self, buffer: &[u8], byte: u8, longest: usize) -> Result<(), Violation> {
        let part = self.mark..self.at;
        if self.state.is_line() && self.at - self.line >= longest && byte != b'\r' {
            return Err(Violation::RequestLineTooLong);
        }
        // A LF is expected in two places and wrong in all others, whatever else is wrong there.
        if byte == b'\n' && !matches!(self.state, State::EmptyFeed | State::LineFeed) {
            return Err(Violation::BareLineFeed);
        }
        match self.state {
            // RFC 9112 §2.2: at least one empty line should be ignored, for the sake of old clients.
            State::Start if byte == b'\r' && self.at < EMPTY_LINES * 2 => {
                self.state = State::EmptyFeed;
            }
            State::Start if byte == b'\r' => return Err(Violation::LeadingEmptyLines),
            State::Start if Class::TOKEN.has(byte) => {
                self.line = self.at;
                self.mark = self.at;
                self.state = State::Method;
            }
            State::Start => return Err(Violation::MethodSyntax),
            State::Method => match byte {
                b' ' => {
                    self.method = Span::new(part);
                    self.mark = self.at + 1;
                    self.state = State::Target;
                }
                b'\r' => return Err(Violation::RequestLineSyntax),
                _ if !Class::TOKEN.has(byte) => return Err(Violation::MethodSyntax),
                _ => {}
            },
            State::Target => match byte {
                b' ' if part.is_empty() => return Err(Violation::RequestLineSyntax),
                b' ' => {
                    self.target = Span::new(part);
                    self.mark = self.at + 1;
                    self.state = State::Version;
                }
                // No version: HTTP/0.9.
                b'\r' => return Err(Violation::RequestLineSyntax),
                _ if !Class::TARGET.has(byte) => return Err(Violation::TargetSyntax),
                _ => {}
            },
            State::Version => match (part.len(), byte) {
                (0..=4, _) if byte == b"HTTP/"[part.len()] => {}
                (5 | 7, b'0'..=b'9') | (6, b'.') => {}
                (8, b'\r') => {
                    self.version = version(&buffer[part])?;
                    self.state = State::LineFeed;
                }
                _ => return Err(Violation::VersionSyntax),
            },
            State::EmptyFeed if byte == b'\n' => self.state = State::Start,
            State::LineFeed if byte == b'\n' => self.state = State::Fields,
            State::EmptyFeed | State::LineFeed => return Err(Violation::BareCarriageReturn),
            State::Fields => {}
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Start,
    /// Behind the CR of an empty line.
    EmptyFeed,
    Method,
    Target,
    Version,
    /// Behind the CR of the request line.
    LineFeed,
    Fields,
}

impl State {
    fn is_line(self) -> bool {
        matches!(self, Self::Method | Self::Target | Self::Version)
    }
}

/// How many empty lines before a request line are ignored.
const EMPTY_LINES: usize = 4;

/// `HTTP/1.1`, whose form has been checked. A later minor version is treated as the latest we know: RFC 9110 §2.5.
fn version(text: &[u8]) -> Result<Version, Violation> {
    match text {
        b"HTTP/1.0" => Ok(Version::HTTP_10),
        [b'H', b'T', b'T', b'P', b'/', b'1', ..] => Ok(Version::HTTP_11),
        _ => Err(Violation::VersionUnsupported),
    }
}
