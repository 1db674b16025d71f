//! The usual case: a complete head in one buffer, read by httparse.

use std::mem::MaybeUninit;

use ::http::{Method, Version};
use httparse::{Request, Status};

use super::super::field::Span;
use super::super::limits::Limits;
use super::Head;
use super::rules::Facts;
use super::target::Target;

/// Reads a head that is complete and in order, and returns where it ends. Anything else is left to the
/// [`Scanner`](super::scanner::Scanner), which is slower and knows why.
///
/// httparse takes more than we do. What it lets pass is caught here:
/// - a bare LF as a line end, by the CR that must stand before every line but the first;
/// - empty lines before the request line, any number of them;
/// - bytes outside ASCII and `#` in the target, by [`Target`];
/// - lines and sections of any length, and as many headers as there are slots.
#[inline]
pub(super) fn parse(head: &mut Head, buffer: &[u8], limits: &Limits) -> Option<usize> {
    if matches!(buffer.first(), None | Some(b'\r' | b'\n')) {
        return None;
    }
    let mut slots = [const { MaybeUninit::uninit() }; SLOTS];
    let mut request = Request::new(&mut []);
    let Ok(Status::Complete(end)) = request.parse_with_uninit_headers(buffer, &mut slots) else {
        return None;
    };
    let buffer = &buffer[..end];
    let (method, target, version) = (request.method?, request.path?, request.version?);
    if !buffer.ends_with(b"\r\n\r\n") {
        return None;
    }
    // Behind the method, the target and `HTTP/1.1`, with a space between each.
    let line = method.len() + target.len() + 10;
    let section = end - line - 2;
    if line > limits.request_line.min(Limits::SECTION)
        || section > limits.header_bytes.min(Limits::SECTION)
        || request.headers.len() > limits.header_count
    {
        return None;
    }

    let mut facts = Facts::default();
    for header in &*request.headers {
        let name = Span::of(header.name.as_bytes(), buffer);
        if buffer[name.start() - 2] != b'\r' {
            return None;
        }
        facts.note(header.name.as_bytes(), header.value).ok()?;
    }
    let method = Method::from_bytes(method.as_bytes()).ok()?;
    let version = if version == 0 { Version::HTTP_10 } else { Version::HTTP_11 };
    let target = Target::new(buffer, Span::of(target.as_bytes(), buffer), &method).ok()?;
    // The authority of an absolute target would have to be looked for in the next one, too.
    let is_absolute = !target.authority.is_empty();
    head.conclude(method, target, version, &facts).ok()?;
    let starts =
        request.headers.iter().map(|header| Span::of(header.name.as_bytes(), buffer).start());
    head.keep(buffer, line + 2, starts);
    head.repeatable = !is_absolute;
    Some(end)
}

/// Headers that fit. Few requests have more, and the scanner takes those.
const SLOTS: usize = 64;
