//! What the headers of a request mean together.

use ::http::Version;

use super::super::framing::{Framing, Options, is, length};
use super::super::host::is_host;
use super::super::violation::Violation;

/// What has been learnt from the headers so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    has_host: bool,
    length: Option<u64>,
    options: Options,
    expects_continue: bool,
}

impl Facts {
    /// Takes note of one header. The few names that matter differ in length, and from the common names of the same
    /// length in their first letter, so most headers cost a comparison or two.
    #[inline]
    pub(super) fn note(&mut self, name: &[u8], value: &[u8]) -> Result<(), Violation> {
        match (name.len(), name.first().map(|first| first | 0x20)) {
            (4, Some(b'h')) if is(name, b"host") => {
                if self.has_host {
                    return Err(Violation::HostRepeated);
                }
                if !is_host(value) {
                    return Err(Violation::HostSyntax);
                }
                self.has_host = true;
            }
            (6, Some(b'e')) if is(name, b"expect") => self.expect(value)?,
            (10, Some(b'c')) if is(name, b"connection") => self.options.connection(value),
            (14, Some(b'c')) if is(name, b"content-length") => self.content_length(value)?,
            (17, Some(b't')) if is(name, b"transfer-encoding") => {
                self.options.transfer_encoding(value)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// RFC 9112 §3.2.2: Host must be sent, also with an absolute target, whose authority replaces it.
    #[inline]
    pub(super) fn check_host(&self, version: Version) -> Result<(), Violation> {
        if self.has_host || version == Version::HTTP_10 {
            return Ok(());
        }
        Err(Violation::HostMissing)
    }

    /// How the body is framed.
    #[inline]
    pub(super) fn framing(&self, version: Version) -> Result<Framing, Violation> {
        match (self.options.chunked, self.length) {
            (false, None) => Ok(Framing::None),
            (false, Some(length)) => Ok(Framing::Length(length)),
            (true, Some(_)) => Err(Violation::ContentLengthWithTransferEncoding),
            (true, None) if version == Version::HTTP_10 => Err(Violation::TransferEncodingVersion),
            (true, None) => Ok(Framing::Chunked),
        }
    }

    /// Whether the connection is to be kept.
    #[inline]
    pub(super) fn keep_alive(&self, version: Version) -> bool {
        self.options.keep_alive(version)
    }

    /// RFC 9110 §7.8: Upgrade is ignored in an HTTP/1.0 request.
    #[inline]
    pub(super) fn upgrade(&self, version: Version) -> bool {
        self.options.upgrade && version != Version::HTTP_10
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

    fn content_length(&mut self, value: &[u8]) -> Result<(), Violation> {
        if self.length.is_some() || value.contains(&b',') {
            return Err(Violation::ContentLengthRepeated);
        }
        self.length = Some(length(value)?);
        Ok(())
    }
}
