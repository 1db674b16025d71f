//! The previous head, because the next one is often the same.

use ::http::Method;
use memchr::memchr;

use super::super::field::Span;
use super::super::limits::Limits;
use super::Head;
use super::target::Target;

/// The bytes of the head that was parsed last, if it was short and usual.
///
/// A client that keeps its connection sends the same headers again and again, and one that polls or pipelines the same
/// request line, too. Comparing bytes is many times cheaper than parsing them, and as exact: what they mean depends
/// on nothing else.
#[derive(Default)]
pub(super) struct Recent {
    /// The request line with its CRLF. Empty if nothing is remembered.
    line: Vec<u8>,
    /// From there to the end of the head.
    section: Vec<u8>,
}

impl Recent {
    pub(super) fn forget(&mut self) {
        self.line.clear();
    }

    /// Remembers a head whose header section starts at `section`.
    #[inline]
    pub(super) fn remember(&mut self, head: &[u8], section: usize) {
        if head.len() > LONGEST {
            return;
        }
        let (line, section) = head.split_at(section);
        replace(&mut self.line, line);
        replace(&mut self.section, section);
    }

    fn fits(&self, limits: &Limits) -> bool {
        self.line.len() - 2 <= limits.request_line && self.section.len() <= limits.header_bytes
    }
}

impl Head {
    /// Whether the buffer starts with the same head as before, or one that differs in its request line only; then
    /// this head describes it, and the result is where it ends.
    #[inline]
    pub(super) fn repeat(&mut self, buffer: &[u8], limits: &Limits) -> Option<usize> {
        let Recent { line, section } = &self.recent;
        if line.is_empty() || self.fields.len() > limits.header_count {
            return None;
        }
        if !(buffer.starts_with(line) && buffer[line.len()..].starts_with(section)) {
            return self.repeat_headers(buffer, limits);
        }
        self.recent.fits(limits).then_some(line.len() + section.len())
    }

    /// The headers are as before, and the request line is of the usual kind.
    fn repeat_headers(&mut self, buffer: &[u8], limits: &Limits) -> Option<usize> {
        let (line, section) = buffer.split_at(memchr(b'\n', buffer)? + 1);
        if !section.starts_with(&self.recent.section) {
            return None;
        }
        // What the headers mean depends on the version, so that must be the same. It is one of those we know.
        let version = self.recent.line.last_chunk::<11>()?;
        let rest = line.strip_suffix(version)?;
        let method = &rest[..memchr(b' ', rest)?];
        let target = Span::new(method.len() + 1..rest.len());
        // Both refuse a space, so that there is no third one.
        let method = Method::from_bytes(method).ok()?;
        let target = Target::new(buffer, target, &method).ok()?;
        if !target.authority.is_empty() {
            return None;
        }

        let (from, to) = (self.recent.line.len(), line.len());
        replace(&mut self.recent.line, line);
        self.method = method;
        self.target = target;
        for field in &mut self.fields {
            field.name.shift(from, to);
            field.value.shift(from, to);
        }
        if !self.host.is_empty() {
            self.host.shift(from, to);
        }
        self.recent.fits(limits).then_some(to + self.recent.section.len())
    }
}

/// Longer heads are not remembered: they come from browsers with their cookies, and few of those are equal.
const LONGEST: usize = 1024;

#[inline]
fn replace(bytes: &mut Vec<u8>, with: &[u8]) {
    bytes.clear();
    bytes.extend_from_slice(with);
}
