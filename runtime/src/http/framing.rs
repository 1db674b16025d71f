//! Where the body of a message ends, and what becomes of its connection: the headers that say so.

use ::http::Version;

use super::class::{Class, trim};
use super::violation::Violation;

/// How the end of a request's body is found. RFC 9112 §6.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    #[default]
    None,
    /// The body has this many bytes.
    Length(u64),
    /// The body comes in chunks and ends with one of size zero.
    Chunked,
}

impl Framing {
    /// Whether bytes of a body are to be expected.
    pub fn has_body(self) -> bool {
        !matches!(self, Self::None | Self::Length(0))
    }
}

/// What Connection and Transfer-Encoding have said so far, in a request or a response.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    pub(super) chunked: bool,
    close: bool,
    keep_alive: bool,
    pub(super) upgrade: bool,
}

impl Options {
    /// Whether the connection is to be kept. RFC 9112 §9.3: `close` wins over everything.
    #[inline]
    pub(super) fn keep_alive(&self, version: Version) -> bool {
        !self.close && (self.keep_alive || version != Version::HTTP_10)
    }

    #[inline]
    pub(super) fn connection(&mut self, value: &[u8]) {
        if !self.connection_option(value) {
            self.connection_list(value);
        }
    }

    /// Whether this is one option that we know.
    #[inline]
    fn connection_option(&mut self, option: &[u8]) -> bool {
        match option.len() {
            5 if is(option, b"close") => self.close = true,
            7 if is(option, b"upgrade") => self.upgrade = true,
            10 if is(option, b"keep-alive") => self.keep_alive = true,
            _ => return false,
        }
        true
    }

    /// RFC 9110 §7.6.1: a list of tokens. Those we do not know are none of our business.
    #[cold]
    fn connection_list(&mut self, value: &[u8]) {
        for option in value.split(|&byte| byte == b',') {
            self.connection_option(trim(option));
        }
    }

    /// Nothing but `chunked`, once, in one line or over several.
    pub(super) fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Violation> {
        for coding in value.split(|&byte| byte == b',') {
            let mut parts = coding.splitn(2, |&byte| byte == b';');
            let name = trim(parts.next().unwrap_or_default());
            let has_parameters = parts.next().is_some();
            if name.is_empty() || !Class::TOKEN.all(name) {
                return Err(Violation::TransferEncodingSyntax);
            }
            match (name.eq_ignore_ascii_case(b"chunked"), self.chunked) {
                (true, true) => return Err(Violation::ChunkedRepeated),
                (false, true) => return Err(Violation::ChunkedNotLast),
                (false, false) => return Err(Violation::TransferCodingUnknown),
                // It has no parameters, and some parsers stop reading at the semicolon.
                (true, false) if has_parameters => return Err(Violation::TransferEncodingSyntax),
                (true, false) => self.chunked = true,
            }
        }
        Ok(())
    }
}

/// The number in a Content-Length: digits, and nothing else.
pub(super) fn length(value: &[u8]) -> Result<u64, Violation> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Violation::ContentLengthSyntax);
    }
    let length = value.iter().try_fold(0_u64, |length, &byte| {
        length.checked_mul(10)?.checked_add(u64::from(byte - b'0'))
    });
    length.ok_or(Violation::ContentLengthOverflow)
}

/// Whether a header name or value is this one, in any case of letters.
///
/// Setting the bit that tells upper from lower case makes a letter equal to that letter only, and `-` to `-` and CR,
/// which is in neither a name nor a value. Unlike `eq_ignore_ascii_case` this compares a word at a time.
#[inline]
pub(super) fn is<const N: usize>(bytes: &[u8], lowercase: &[u8; N]) -> bool {
    const CASE: u64 = 0x2020_2020_2020_2020;
    let words = |bytes: &[u8; N]| match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => {
            [u64::from_ne_bytes(*first) | CASE, u64::from_ne_bytes(*last) | CASE]
        }
        _ => {
            let mut padded = [0; 8];
            padded[..N].copy_from_slice(bytes);
            [u64::from_ne_bytes(padded) | CASE, 0]
        }
    };
    <&[u8; N]>::try_from(bytes).is_ok_and(|bytes| words(bytes) == words(lowercase))
}
