//! What the headers of a request mean together.

use ::http::Version;

use super::super::class::{Class, trim};
use super::super::field::Span;
use super::super::framing::Framing;
use super::super::host::is_host;
use super::super::violation::Violation;

/// What has been learnt from the headers so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    host: Option<Span>,
    length: Option<u64>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
    upgrade: bool,
    expects_continue: bool,
}

impl Facts {
    /// Takes note of one header. The few names that matter differ in length, and from the common names of the same
    /// length in their first letter, so most headers cost a comparison or two.
    #[inline]
    pub(super) fn note(&mut self, name: &[u8], value: &[u8], span: Span) -> Result<(), Violation> {
        match (name.len(), name.first().map(|first| first | 0x20)) {
            (4, Some(b'h')) if is(name, b"host") => {
                if self.host.is_some() {
                    return Err(Violation::HostRepeated);
                }
                if !is_host(value) {
                    return Err(Violation::HostSyntax);
                }
                self.host = Some(span);
            }
            (6, Some(b'e')) if is(name, b"expect") => self.expect(value)?,
            (10, Some(b'c')) if is(name, b"connection") => self.connection(value),
            (14, Some(b'c')) if is(name, b"content-length") => self.content_length(value)?,
            (17, Some(b't')) if is(name, b"transfer-encoding") => self.transfer_encoding(value)?,
            _ => {}
        }
        Ok(())
    }

    /// The host the request is for. RFC 9112 §3.2.2: the authority of an absolute target replaces Host, which must
    /// be sent nevertheless.
    #[inline]
    pub(super) fn host(&self, version: Version, authority: Span) -> Result<Span, Violation> {
        match self.host {
            None if version != Version::HTTP_10 => Err(Violation::HostMissing),
            _ if !authority.is_empty() => Ok(authority),
            host => Ok(host.unwrap_or_default()),
        }
    }

    /// How the body is framed.
    #[inline]
    pub(super) fn framing(&self, version: Version) -> Result<Framing, Violation> {
        match (self.chunked, self.length) {
            (false, None) => Ok(Framing::None),
            (false, Some(length)) => Ok(Framing::Length(length)),
            (true, Some(_)) => Err(Violation::ContentLengthWithTransferEncoding),
            (true, None) if version == Version::HTTP_10 => Err(Violation::TransferEncodingVersion),
            (true, None) => Ok(Framing::Chunked),
        }
    }

    /// Whether the connection is to be kept. RFC 9112 §9.3: `close` wins over everything.
    #[inline]
    pub(super) fn keep_alive(&self, version: Version) -> bool {
        !self.close && (self.keep_alive || version != Version::HTTP_10)
    }

    /// RFC 9110 §7.8: Upgrade is ignored in an HTTP/1.0 request.
    #[inline]
    pub(super) fn upgrade(&self, version: Version) -> bool {
        self.upgrade && version != Version::HTTP_10
    }

    /// RFC 9110 §10.1.1: the expectation is ignored in an HTTP/1.0 request, and void without a body.
    #[inline]
    pub(super) fn expects_continue(&self, version: Version, framing: Framing) -> bool {
        self.expects_continue && version != Version::HTTP_10 && framing.has_body()
    }

    fn expect(&mut self, value: &[u8]) -> Result<(), Violation> {
        if !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(Violation::ExpectationUnknown);
        }
        self.expects_continue = true;
        Ok(())
    }

    #[inline]
    fn connection(&mut self, value: &[u8]) {
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

    fn content_length(&mut self, value: &[u8]) -> Result<(), Violation> {
        if self.length.is_some() {
            return Err(Violation::ContentLengthRepeated);
        }
        if value.contains(&b',') {
            return Err(Violation::ContentLengthRepeated);
        }
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Err(Violation::ContentLengthSyntax);
        }
        let length = value.iter().try_fold(0_u64, |length, &byte| {
            length.checked_mul(10)?.checked_add(u64::from(byte - b'0'))
        });
        self.length = Some(length.ok_or(Violation::ContentLengthOverflow)?);
        Ok(())
    }

    /// Nothing but `chunked`, once, in one line or over several.
    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Violation> {
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

/// Whether a header name or value is this one, in any case of letters.
///
/// Setting the bit that tells upper from lower case makes a letter equal to that letter only, and `-` to `-` and CR,
/// which is in neither a name nor a value. Unlike `eq_ignore_ascii_case` this compares a word at a time.
#[inline]
fn is<const N: usize>(bytes: &[u8], lowercase: &[u8; N]) -> bool {
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
