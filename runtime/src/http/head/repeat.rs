//! The previous head, because the next one is often the same.

use ::http::Method;
use memchr::memchr;

use super::super::field::Span;
use super::super::limits::Limits;
use super::Head;
use super::target::Target;

/// A client that keeps its connection sends the same headers again and again, and one that polls or pipelines the same
/// request line, too. Comparing bytes is many times cheaper than parsing them, and as exact: what they mean depends
/// on nothing else.
impl Head {
    /// Whether the buffer starts with the same head as before, or one that differs in its request line only; then
    /// this head describes it, and the result is where it ends.
    #[inline]
    pub(super) fn repeat(&mut self, buffer: &[u8], limits: &Limits) -> Option<usize> {
        if self.section == 0 || self.fields.len() > limits.header_count {
            return None;
        }
        if !buffer.starts_with(&self.bytes) {
            return self.repeat_headers(buffer, limits);
        }
        self.fits(limits).then_some(self.bytes.len())
    }

    /// The headers are as before, and the request line is of the usual kind.
    fn repeat_headers(&mut self, buffer: &[u8], limits: &Limits) -> Option<usize> {
        let (line, rest) = buffer.split_at(memchr(b'\n', buffer)? + 1);
        let (before, section) = self.bytes.split_at(self.section);
        if !rest.starts_with(section) {
            return None;
        }
        // What the headers mean depends on the version, so that must be the same. It is one of those we know.
        let version = before.last_chunk::<11>()?;
        let parts = line.strip_suffix(version)?;
        let method = &parts[..memchr(b' ', parts)?];
        let target = Span::new(method.len() + 1..parts.len());
        // Both refuse a space, so that there is no third one.
        let method = Method::from_bytes(method).ok()?;
        let target = Target::new(buffer, target, &method).ok()?;
        if !target.authority.is_empty() {
            return None;
        }

        let (from, to, end) = (before.len(), line.len(), line.len() + section.len());
        self.method = method;
        self.target = target;
        for field in &mut self.fields {
            field.name.shift(from, to);
            field.value.shift(from, to);
        }
        if !self.host.is_empty() {
            self.host.shift(from, to);
        }
        self.keep(&buffer[..end], to);
        self.fits(limits).then_some(end)
    }

    fn fits(&self, limits: &Limits) -> bool {
        let section = self.bytes.len() - self.section;
        self.section - 2 <= limits.request_line && section <= limits.header_bytes
    }
}
