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
    /// Takes note of one header. The few names that matter differ in length, so most headers cost one comparison.
    #[inline]
    pub(super) fn note(&mut self, name: &[u8], value: &[u8], span: Span) -> Result<(), Violation> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                if self.host.is_some() {
                    return Err(Violation::HostRepeated);
                }
                if !is_host(value) {
                    return Err(Violation::HostSyntax);
                }
                self.host = Some(span);
            }
            6 if name.eq_ignore_ascii_case(b"expect") => self.expect(value)?,
            10 if name.eq_ignore_ascii_case(b"connection") => self.connection(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.content_length(value)?,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                self.transfer_encoding(value)?;
            }
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
        for option in value.split(|&byte| byte == b',') {
            let option = trim(option);
            match option.len() {
                5 if option.eq_ignore_ascii_case(b"close") => self.close = true,
                7 if option.eq_ignore_ascii_case(b"upgrade") => self.upgrade = true,
                10 if option.eq_ignore_ascii_case(b"keep-alive") => self.keep_alive = true,
                _ => {}
            }
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
