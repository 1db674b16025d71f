//! The header lines behind the last chunk. RFC 9112 §7.1.2.

use super::super::field::{Bounds, Field, FieldScanner};
use super::super::limits::Limits;
use super::super::violation::Violation;

/// The lines behind the last chunk.
#[derive(Debug, Default)]
pub(super) struct Trailers {
    /// Kept so that a line can be looked at as a whole however it was cut. Almost always there is none, and then
    /// nothing is allocated.
    bytes: Vec<u8>,
    fields: Vec<Field>,
    scanner: FieldScanner,
}

impl Trailers {
    /// How much of the input belongs to the trailer section, and whether that is all of it.
    pub(super) fn read(
        &mut self,
        input: &[u8],
        limits: &Limits,
    ) -> Result<(usize, bool), Violation> {
        if self.bytes.is_empty() && input.starts_with(b"\r\n") {
            return Ok((2, true));
        }
        let bounds = Bounds {
            bytes: limits.trailer_bytes.min(Limits::SECTION),
            count: limits.header_count,
            too_large: Violation::TrailersTooLarge,
            too_many: Violation::TrailersTooLarge,
        };
        let before = self.bytes.len();
        // One byte beyond the bound is enough to know that it was crossed.
        let room = (bounds.bytes + 1).saturating_sub(before);
        let taken = input.len().min(room);
        self.bytes.extend_from_slice(&input[..taken]);
        let Some(end) = self.scanner.scan(&self.bytes, &mut self.fields, &bounds)? else {
            return Ok((taken, false));
        };
        for field in &self.fields {
            if is_forbidden(field.name.bytes(&self.bytes)) {
                return Err(Violation::TrailerForbidden);
            }
        }
        Ok((end - before, true))
    }
}

/// Whether a field frames, routes, modifies, authenticates or describes the message, so that it would come too late
/// as a trailer. RFC 9110 §6.5.1.
fn is_forbidden(name: &[u8]) -> bool {
    FORBIDDEN.iter().any(|each| name.eq_ignore_ascii_case(each.as_bytes()))
}

const FORBIDDEN: [&str; 29] = [
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "max-forwards",
    "pragma",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-proto",
];
