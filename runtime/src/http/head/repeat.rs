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
        let end = self.end as usize;
        if !self.repeatable || self.bytes.len() - end > limits.header_count {
            return None;
        }
        if !buffer.starts_with(&self.bytes[..end]) {
            return self.repeat_headers(buffer, limits);
        }
        self.is_repeated = self.fits(limits);
        self.is_repeated.then_some(end)
    }

    /// The headers are as before, and the request line is of the usual kind.
    fn repeat_headers(&mut self, buffer: &[u8], limits: &Limits) -> Option<usize> {
        let (line, rest) = buffer.split_at(memchr(b'\n', buffer)? + 1);
        let (before, section) = self.bytes[..self.end as usize].split_at(self.section as usize);
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
        self.set_method(method);
        self.path = target.path;
        self.replace_line(from, line);
        (self.section, self.end) = (to as u32, end as u32);
        self.fits(limits).then_some(end)
    }

    /// Puts a request line in the place of the one before, which ends at `from`.
    fn replace_line(&mut self, from: usize, line: &[u8]) {
        let (length, to) = (self.bytes.len(), line.len());
        if to > from {
            self.bytes.reserve_exact(to - from);
            self.bytes.resize(length + to - from, 0);
        }
        self.bytes.copy_within(from..length, to);
        self.bytes.truncate(length - from + to);
        self.bytes[..to].copy_from_slice(line);
    }

    fn fits(&self, limits: &Limits) -> bool {
        let (section, end) = (self.section as usize, self.end as usize);
        section - 2 <= limits.request_line && end - section <= limits.header_bytes
    }
}
