//! The head of a request: request line and headers.

mod fast;
mod repeat;
mod rules;
mod scanner;
mod target;

use std::fmt;

use ::http::{Method, Version};

use self::rules::Facts;
use self::scanner::{Scanned, Scanner};
use self::target::Target;
use super::field::{Field, Span};
use super::framing::Framing;
use super::limits::Limits;
use super::violation::Violation;

/// A parsed head: its bytes, and where in them everything is.
///
/// The bytes are copied out of the buffer that they were read into, which is many times larger and can serve others
/// while the request is answered. The same head is used for request after request; once it has seen a few, it
/// allocates nothing, and one that is sent again is neither parsed nor copied again.
///
/// ```
/// use gustnado::http::{Head, Limits};
///
/// let buffer = b"GET /search?q=rust HTTP/1.1\r\nHost: example.com\r\n\r\n";
/// let mut head = Head::default();
/// assert_eq!(head.parse(&buffer[..20], &Limits::default())?, None);
/// assert_eq!(head.parse(buffer, &Limits::default())?, Some(buffer.len()));
/// assert_eq!(head.path(), "/search");
/// assert_eq!(head.query(), Some("q=rust"));
/// assert_eq!(head.header("host"), Some(&b"example.com"[..]));
/// # Ok::<_, gustnado::http::Violation>(())
/// ```
#[derive(Default)]
pub struct Head {
    bytes: Vec<u8>,
    /// Where the header section starts; 0 if the head cannot be repeated.
    section: usize,
    fields: Vec<Field>,
    method: Method,
    target: Target,
    host: Span,
    framing: Framing,
    version: Version,
    keep_alive: bool,
    expects_continue: bool,
    upgrade: bool,
    /// Some once a head did not arrive in one piece, or was unusual.
    scanner: Option<Box<Scanner>>,
}

/// How much memory is kept from one connection to the next.
const KEPT: usize = 4 * 1024;

impl Head {
    /// Parses the head at the start of `buffer`.
    ///
    /// `Ok(Some(n))`: the head is complete and took the first `n` bytes; the next call starts with another one.
    /// `Ok(None)`: it is not complete; call again with the same bytes and more behind them. However the bytes
    /// arrive, the work is linear in their number.
    ///
    /// # Errors
    ///
    /// The first rule that the request breaks. It does not depend on how the bytes were split.
    pub fn parse(&mut self, buffer: &[u8], limits: &Limits) -> Result<Option<usize>, Violation> {
        if self.is_fresh() {
            if let Some(end) = self.repeat(buffer, limits) {
                return Ok(Some(end));
            }
            self.restart();
            if let Some(end) = fast::parse(self, buffer, limits) {
                return Ok(Some(end));
            }
            self.restart();
        }
        self.scan(buffer, limits)
    }

    /// Forgets the request, also a half-read one, and keeps the memory: it is as it was when it was new.
    ///
    /// There is no need to call this between one request and the next; it is for a request that was refused or will
    /// never be complete.
    pub fn clear(&mut self) {
        self.restart();
        self.method = Method::GET;
        self.target = Target::default();
        self.host = Span::default();
        self.framing = Framing::None;
        self.version = Version::HTTP_11;
        self.keep_alive = false;
        self.expects_continue = false;
        self.upgrade = false;
    }

    /// Gets ready for another connection: forgets a half-read request, and gives unusually much memory back.
    pub(crate) fn settle(&mut self) {
        if !self.is_fresh() || self.bytes.capacity() > KEPT {
            self.clear();
            self.bytes.shrink_to(KEPT);
        }
    }

    /// The method; any token is accepted here.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// HTTP/1.0, or HTTP/1.1 for any other 1.x.
    pub fn version(&self) -> Version {
        self.version
    }

    /// How the body is framed.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether the client wants to use the connection again.
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Whether the client waits for `100 Continue` before it sends the body.
    pub fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    /// Whether Connection lists `upgrade`. What to upgrade to is in the Upgrade header.
    pub fn upgrade(&self) -> bool {
        self.upgrade
    }

    /// The request target as it was sent.
    pub fn target(&self) -> &str {
        self.target.whole.text(&self.bytes)
    }

    /// The path, still percent-encoded: it starts with `/`, or is `*` for `OPTIONS *`.
    pub fn path(&self) -> &str {
        // `http://example.com` and `http://example.com?a` have none, which is the same as `/`.
        if self.target.path.is_empty() { "/" } else { self.target.path.text(&self.bytes) }
    }

    pub(crate) fn path_bytes(&self) -> &[u8] {
        if self.target.path.is_empty() { b"/" } else { self.target.path.bytes(&self.bytes) }
    }

    /// What follows the first `?` of the target, still percent-encoded.
    pub fn query(&self) -> Option<&str> {
        self.target.query.map(|query| query.text(&self.bytes))
    }

    /// The authority of an absolute target, else the Host header; empty for HTTP/1.0 without either. It is
    /// `host[:port]` for certain.
    pub fn host(&self) -> &str {
        self.host.text(&self.bytes)
    }

    /// The value of the first header of that name, in any case of letters.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.fields
            .iter()
            .filter(|field| field.name.len() == name.len())
            .find(|field| field.name.bytes(&self.bytes).eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| field.value.bytes(&self.bytes))
    }

    /// Names and values in the order they were sent; SP and TAB around a value are not part of it.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let bytes = &self.bytes;
        self.fields.iter().map(|field| (field.name.text(bytes), field.value.bytes(bytes)))
    }

    /// Whether no head is half-read.
    #[inline]
    fn is_fresh(&self) -> bool {
        self.scanner.as_ref().is_none_or(|scanner| scanner.is_fresh())
    }

    /// Gets ready to read the next head.
    #[inline]
    fn restart(&mut self) {
        self.bytes.clear();
        self.section = 0;
        self.fields.clear();
        if let Some(scanner) = &mut self.scanner {
            **scanner = Scanner::default();
        }
    }

    /// Keeps the bytes of a head that is complete.
    #[inline]
    fn keep(&mut self, bytes: &[u8], section: usize) {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.section = section;
    }

    #[cold]
    fn scan(&mut self, buffer: &[u8], limits: &Limits) -> Result<Option<usize>, Violation> {
        let scanner = self.scanner.get_or_insert_default();
        let scanned = scanner.scan(buffer, &mut self.fields, limits);
        if matches!(scanned, Ok(None)) {
            return Ok(None);
        }
        **scanner = Scanner::default();
        let Some(Scanned { method, target, version, end }) = scanned? else { return Ok(None) };

        let target = Target::new(buffer, target, &method)?;
        let mut facts = Facts::default();
        for field in &self.fields {
            facts.note(field.name.bytes(buffer), field.value.bytes(buffer), field.value)?;
        }
        self.conclude(method, target, version, &facts)?;
        self.keep(&buffer[..end], 0);
        Ok(Some(end))
    }

    /// Draws the conclusions from everything that was read.
    #[inline]
    fn conclude(
        &mut self,
        method: Method,
        target: Target,
        version: Version,
        facts: &Facts,
    ) -> Result<(), Violation> {
        self.host = facts.host(version, target.authority)?;
        self.framing = facts.framing(version)?;
        self.keep_alive = facts.keep_alive(version);
        self.upgrade = facts.upgrade(version);
        self.expects_continue = facts.expects_continue(version, self.framing);
        self.method = method;
        self.target = target;
        self.version = version;
        Ok(())
    }
}

/// The sizes only: what was sent is not ours to print.
impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("method", &self.method)
            .field("version", &self.version)
            .field("framing", &self.framing)
            .field("headers", &self.fields.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
