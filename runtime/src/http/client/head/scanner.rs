//! The strict reading of a head, byte by byte.

use super::ResponseViolation;
use crate::http::class::Class;
use crate::http::field::{Bounds, Field, FieldScanner, Span};
use crate::http::{Limits, Violation};
use ::http::{StatusCode, Version};

/// Reads a head that the fast parser did not take: it is incomplete, unusual or wrong.
///
/// As the [scanner of requests](crate::http::Head) does, it looks at every byte once, and what it says about some bytes never
/// depends on how they were split.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    at: usize,
    status: u16,
    reason: Span,
    fields: FieldScanner,
}

/// A status line, and where the head ends.
#[derive(Debug)]
pub(super) struct Scanned {
    /// The length of the status line with its CRLF.
    pub(super) line: usize,
    pub(super) status: StatusCode,
    pub(super) reason: Span,
    pub(super) version: Version,
    pub(super) end: usize,
}

/// `HTTP/1.1 200 ` and its parts.
const VERSION: usize = 8;
const STATUS: usize = VERSION + 4;
const REASON: usize = STATUS + 1;

impl Scanner {
    /// Whether no byte has been looked at yet.
    #[inline]
    pub(super) fn is_fresh(&self) -> bool {
        self.at == 0
    }

    /// Goes on where it stopped; `buffer` starts with the bytes it has seen.
    #[cold]
    pub(super) fn scan(
        &mut self,
        buffer: &[u8],
        fields: &mut Vec<Field>,
        limits: &Limits,
    ) -> Result<Option<Scanned>, ResponseViolation> {
        let longest = limits.request_line.min(Limits::SECTION);
        while !matches!(self.state, State::Fields) {
            let Some(&byte) = buffer.get(self.at) else { return Ok(None) };
            self.step(byte, longest)?;
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
        let status = StatusCode::from_u16(self.status);
        Ok(Some(Scanned {
            line: self.at,
            status: status.map_err(|_| ResponseViolation::StatusSyntax)?,
            reason: self.reason,
            version: if buffer[VERSION - 1] == b'0' { Version::HTTP_10 } else { Version::HTTP_11 },
            end,
        }))
    }

    fn step(&mut self, byte: u8, longest: usize) -> Result<(), ResponseViolation> {
        if byte == b'\n' && !matches!(self.state, State::LineFeed) {
            return Err(Violation::BareLineFeed.into());
        }
        if self.at >= longest && !matches!(byte, b'\r' | b'\n') {
            return Err(ResponseViolation::StatusLineTooLong);
        }
        self.state = match self.state {
            State::Version => match (self.at, byte) {
                (0..=4, _) if byte == b"HTTP/"[self.at] => State::Version,
                (5, b'1') | (6, b'.') | (7, b'0'..=b'9') => State::Version,
                (5, b'0'..=b'9') => return Err(ResponseViolation::VersionUnsupported),
                (VERSION, b' ') => State::Status,
                _ => return Err(ResponseViolation::VersionSyntax),
            },
            State::Status => match (self.at, byte) {
                (..STATUS, b'0'..=b'9') => {
                    self.status = self.status * 10 + u16::from(byte - b'0');
                    State::Status
                }
                _ if self.at < STATUS || self.status < 100 => {
                    return Err(ResponseViolation::StatusSyntax);
                }
                (_, b' ') => State::Reason,
                // RFC 9112 §4 wants the space, and nobody who reads the phrase is left to miss it.
                (_, b'\r') => State::LineFeed,
                _ => return Err(ResponseViolation::StatusSyntax),
            },
            State::Reason => match byte {
                b'\r' => {
                    self.reason = Span::new(REASON..self.at);
                    State::LineFeed
                }
                _ if Class::VALUE.has(byte) => State::Reason,
                _ => return Err(ResponseViolation::ReasonSyntax),
            },
            State::LineFeed if byte == b'\n' => State::Fields,
            State::LineFeed => return Err(Violation::BareCarriageReturn.into()),
            State::Fields => State::Fields,
        };
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Version,
    Status,
    Reason,
    /// Behind the CR of the status line.
    LineFeed,
    Fields,
}
