//! The four forms of a request target. RFC 9112 §3.2.

use ::http::Method;

use super::super::field::Span;
use super::super::host::is_host;
use super::super::violation::Violation;

/// A target, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    whole: Span,
    /// Empty if an absolute target has none. Whatever is behind it, is a `?` and the query.
    pub(super) path: Span,
    /// Empty unless the target is absolute.
    pub(super) authority: Span,
}

impl Target {
    /// Takes the target at `whole` apart.
    #[inline]
    pub(super) fn new(buffer: &[u8], whole: Span, method: &Method) -> Result<Self, Violation> {
        if *method == Method::CONNECT {
            return Err(Violation::ConnectUnsupported);
        }
        if whole.bytes(buffer).first() == Some(&b'/') {
            return Self::origin(buffer, whole, whole.start());
        }
        Self::unusual(buffer, whole, method)
    }

    /// The path starts at `start`; what lies before it is the origin.
    #[inline]
    fn origin(buffer: &[u8], whole: Span, start: usize) -> Result<Self, Violation> {
        let end = whole.start() + whole.len();
        let rest = Span::new(start..end).bytes(buffer);
        let mark = plain(rest);
        let is_sound = match rest[mark..].split_first() {
            Some((b'?', query)) => is_visible(query),
            other => other.is_none(),
        };
        if !is_sound {
            return Err(Violation::TargetSyntax);
        }
        Ok(Self { whole, path: Span::new(start..start + mark), authority: Span::default() })
    }

    #[inline]
    pub(super) fn end(&self) -> usize {
        self.whole.end()
    }

    #[cold]
    fn unusual(buffer: &[u8], whole: Span, method: &Method) -> Result<Self, Violation> {
        let bytes = whole.bytes(buffer);
        if !is_visible(bytes) {
            return Err(Violation::TargetSyntax);
        }
        if bytes == b"*" {
            if method != Method::OPTIONS {
                return Err(Violation::AsteriskTarget);
            }
            return Ok(Self { whole, path: whole, authority: Span::default() });
        }
        let scheme = ["http://", "https://"].into_iter().find(|scheme| {
            bytes.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme.as_bytes()))
        });
        let Some(scheme) = scheme else { return Err(Violation::TargetForm) };
        let rest = &bytes[scheme.len()..];
        let length = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
        if !is_host(&rest[..length]) {
            return Err(Violation::TargetAuthority);
        }
        let start = whole.start() + scheme.len();
        let authority = Span::new(start..start + length);
        Ok(Self { authority, ..Self::origin(buffer, whole, start + length)? })
    }
}

/// How many bytes at the start may be in a target and are no `?`.
#[inline]
fn plain(target: &[u8]) -> usize {
    let is_plain =
        |byte: u8| byte.wrapping_sub(b'!') <= b'~' - b'!' && byte != b'#' && byte != b'?';
    // Sixteen at a time, which the compiler turns into one comparison of all.
    let (blocks, _) = target.as_chunks::<16>();
    let blocks = blocks
        .iter()
        .take_while(|block| block.iter().fold(true, |all, &byte| all & is_plain(byte)))
        .count();
    let rest = &target[blocks * 16..];
    blocks * 16 + rest.iter().position(|&byte| !is_plain(byte)).unwrap_or(rest.len())
}

/// Whether all bytes may be in a target.
fn is_visible(target: &[u8]) -> bool {
    target.split(|&byte| byte == b'?').all(|part| plain(part) == part.len())
}
