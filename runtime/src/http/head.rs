//! The head of a request: request line and headers.

mod fast;
mod repeat;
mod rules;
mod scanner;
mod target;

use std::fmt;

use ::http::{Method, Version};
use memchr::memchr;

use self::rules::Facts;
use self::scanner::{Scanned, Scanner};
use self::target::Target;
use super::class::trim;
use super::field::{Field, Span};
use super::framing::{Framing, length};
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
    /// The head, and behind it the length of each header line, with its CRLF, or [`LONG`].
    bytes: Vec<u8>,
    /// Where the header section starts.
    section: u32,
    /// Where it ends.
    end: u32,
    /// Empty if an absolute target has none; it is where it would be.
    path: Span,
    /// The place in [`METHODS`], or one behind its end.
    method: u8,
    version: Version,
    framing: Kind,
    keep_alive: bool,
    expects_continue: bool,
    upgrade: bool,
    /// Whether it is of the kind that is compared with the next one.
    repeatable: bool,
    /// Whether the previous one was the same, byte for byte.
    is_repeated: bool,
    /// Some once a head did not arrive in one piece, or was unusual.
    rare: Option<Box<Rare>>,
}

/// [`Framing`] without the length, which few ask for: they read it again.
#[derive(Clone, Copy, Debug, Default)]
enum Kind {
    #[default]
    None,
    /// The length is 0.
    Empty,
    Length,
    Chunked,
}

/// What few heads need.
#[derive(Default)]
struct Rare {
    scanner: Scanner,
    fields: Vec<Field>,
    /// The method, if it is none of [`METHODS`].
    method: Method,
}

/// The methods that are kept as a number.
static METHODS: [Method; 8] = [
    Method::GET,
    Method::POST,
    Method::HEAD,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::OPTIONS,
    Method::TRACE,
];

/// Stands for a length that does not fit into a byte: the line's end has to be looked for.
const LONG: u8 = u8::MAX;

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
        self.is_repeated = false;
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
        self.method = 0;
        self.path = Span::default();
        self.framing = Kind::None;
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
            self.rare = None;
        }
    }

    /// The method; any token is accepted here.
    pub fn method(&self) -> &Method {
        match (METHODS.get(usize::from(self.method)), &self.rare) {
            (Some(method), _) => method,
            (None, Some(rare)) => &rare.method,
            (None, None) => &METHODS[0],
        }
    }

    /// HTTP/1.0, or HTTP/1.1 for any other 1.x.
    pub fn version(&self) -> Version {
        self.version
    }

    /// How the body is framed.
    pub fn framing(&self) -> Framing {
        match self.framing {
            Kind::None => Framing::None,
            Kind::Empty => Framing::Length(0),
            Kind::Length => {
                let value = self.header("content-length").unwrap_or_default();
                // It was valid before.
                Framing::Length(length(value).unwrap_or_default())
            }
            Kind::Chunked => Framing::Chunked,
        }
    }

    /// Whether bytes of a body are to be expected.
    pub(crate) fn has_body(&self) -> bool {
        matches!(self.framing, Kind::Length | Kind::Chunked)
    }

    /// Whether it is the previous one again, so that whatever was found out about that one holds.
    pub(crate) fn is_repeated(&self) -> bool {
        self.is_repeated
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
        let start = self.method().as_str().len() + 1;
        Span::new(start..self.target_end()).text(&self.bytes)
    }

    /// Behind the target are a space, a version and a CRLF.
    fn target_end(&self) -> usize {
        (self.section as usize).saturating_sub(b" HTTP/1.1\r\n".len())
    }

    /// The path, still percent-encoded: it starts with `/`, or is `*` for `OPTIONS *`.
    pub fn path(&self) -> &str {
        // `http://example.com` and `http://example.com?a` have none, which is the same as `/`.
        if self.path.is_empty() { "/" } else { self.path.text(&self.bytes) }
    }

    pub(crate) fn path_bytes(&self) -> &[u8] {
        if self.path.is_empty() { b"/" } else { self.path.bytes(&self.bytes) }
    }

    /// What follows the first `?` of the target, still percent-encoded.
    pub fn query(&self) -> Option<&str> {
        let (path, end) = (self.path.end(), self.target_end());
        (path < end).then(|| Span::new(path + 1..end).text(&self.bytes))
    }

    /// The authority of an absolute target, else the Host header; empty for HTTP/1.0 without either. It is
    /// `host[:port]` for certain.
    pub fn host(&self) -> &str {
        let host = match self.target().split_once("://") {
            // The authority ends where the path would begin.
            Some((scheme, rest)) if !scheme.contains('/') => {
                let start = self.target_end() - rest.len();
                Span::new(start..self.path.start()).bytes(&self.bytes)
            }
            _ => self.header("host").unwrap_or_default(),
        };
        std::str::from_utf8(host).unwrap_or_default()
    }

    /// The value of the first header of that name, in any case of letters.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.lines()
            // A look at one byte, and most lines are none of those that are looked for.
            .filter(|line| line.get(name.len()) == Some(&b':'))
            .map(split)
            .find(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// Names and values in the order they were sent; SP and TAB around a value are not part of it.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.lines().map(split).map(|(name, value)| {
            // It was checked to be ASCII.
            (std::str::from_utf8(name).unwrap_or_default(), value)
        })
    }

    /// The header lines, each with its CRLF.
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let (head, lengths) = self.bytes.split_at(self.end as usize);
        let mut rest = &head[self.section as usize..];
        lengths.iter().map(move |&length| {
            let length = match length {
                LONG => memchr(b'\n', rest).map_or(rest.len(), |at| at + 1),
                length => rest.len().min(length.into()),
            };
            let (line, after) = rest.split_at(length);
            rest = after;
            line
        })
    }

    /// Whether no head is half-read.
    #[inline]
    fn is_fresh(&self) -> bool {
        self.rare.as_ref().is_none_or(|rare| rare.scanner.is_fresh())
    }

    /// Gets ready to read the next head.
    #[inline]
    fn restart(&mut self) {
        self.bytes.clear();
        (self.section, self.end) = (0, 0);
        self.repeatable = false;
        if let Some(rare) = &mut self.rare {
            rare.scanner = Scanner::default();
            rare.fields.clear();
        }
    }

    /// Keeps the bytes of a head that is complete, whose header lines start there; the first one, if there is one, at `section`.
    #[inline]
    fn keep(&mut self, head: &[u8], section: usize, starts: impl ExactSizeIterator<Item = usize>) {
        self.bytes.clear();
        // Not a byte more: many heads may have to be kept at the same time.
        self.bytes.reserve_exact(head.len() + starts.len());
        self.bytes.extend_from_slice(head);
        let mut line = section;
        for start in starts.skip(1).chain([head.len() - 2]) {
            if start > line {
                self.bytes.push((start - line).try_into().unwrap_or(LONG));
            }
            line = start;
        }
        (self.section, self.end) = (section as u32, head.len() as u32);
    }

    #[cold]
    fn scan(&mut self, buffer: &[u8], limits: &Limits) -> Result<Option<usize>, Violation> {
        let rare = self.rare.get_or_insert_default();
        let scanned = rare.scanner.scan(buffer, &mut rare.fields, limits);
        if matches!(scanned, Ok(None)) {
            return Ok(None);
        }
        rare.scanner = Scanner::default();
        let Some(Scanned { start, method, target, version, end }) = scanned? else {
            return Ok(None);
        };

        let head = &buffer[start..end];
        let target = Target::new(head, target, &method)?;
        let section = target.end() + b" HTTP/1.1\r\n".len();
        let mut fields = std::mem::take(&mut rare.fields);
        let mut facts = Facts::default();
        for field in &mut fields {
            field.name.shift(start, 0);
            field.value.shift(start, 0);
            facts.note(field.name.bytes(head), field.value.bytes(head))?;
        }
        self.conclude(method, target, version, &facts)?;
        self.keep(head, section, fields.iter().map(|field| field.name.start()));
        fields.clear();
        if let Some(rare) = &mut self.rare {
            rare.fields = fields;
        }
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
        facts.check_host(version)?;
        let framing = facts.framing(version)?;
        self.framing = match framing {
            Framing::None => Kind::None,
            Framing::Length(0) => Kind::Empty,
            Framing::Length(_) => Kind::Length,
            Framing::Chunked => Kind::Chunked,
        };
        self.keep_alive = facts.keep_alive(version);
        self.upgrade = facts.upgrade(version);
        self.expects_continue = facts.expects_continue(version, framing);
        self.set_method(method);
        self.path = target.path;
        self.version = version;
        Ok(())
    }

    #[inline]
    fn set_method(&mut self, method: Method) {
        let known = METHODS.iter().position(|known| *known == method);
        self.method = known.unwrap_or(METHODS.len()) as u8;
        if known.is_none() {
            self.rare.get_or_insert_default().method = method;
        }
    }
}

/// The name and the value of a header line.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let colon = memchr(b':', line).unwrap_or(line.len());
    let value = line.get(colon + 1..).unwrap_or_default();
    (&line[..colon], trim(value.strip_suffix(b"\r\n").unwrap_or(value)))
}

/// The sizes only: what was sent is not ours to print.
impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("method", self.method())
            .field("version", &self.version)
            .field("framing", &self.framing())
            .field("headers", &self.lines().count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
