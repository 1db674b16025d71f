//! A route path, read into segments.

use alloc::vec::Vec;
use core::fmt::{self, Display, Formatter};
use core::ops::Range;

use crate::error::{Foreign, PatternError, PatternErrorKind as Kind};

/// A route path that keeps every rule of the grammar.
///
/// ```
/// use gustnado_grammar::{Pattern, Segment};
///
/// let pattern = Pattern::parse("/static/{path...}")?;
/// assert_eq!(pattern.segments(), [Segment::Literal("static"), Segment::Tail("path")]);
/// assert!(pattern.matches("/static/css/site.css"));
/// # Ok::<(), gustnado_grammar::PatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern<'p> {
    path: &'p str,
    segments: Vec<Segment<'p>>,
}

impl<'p> Pattern<'p> {
    /// Reads a path such as `/user/{id}/files/{path...}`.
    ///
    /// # Errors
    ///
    /// The first rule, from the left, that the path breaks.
    pub fn parse(path: &'p str) -> Result<Self, PatternError> {
        let Some(rest) = path.strip_prefix('/') else {
            let first = path.chars().next().map_or(0, char::len_utf8);
            return Err(PatternError::new(path, 0..first, Kind::MissingSlash));
        };
        let mut segments: Vec<Segment<'p>> = Vec::new();
        let mut start = 1;
        for text in rest.split('/') {
            let at = start..start + text.len();
            start = at.end + 1;
            let (segment, name_at) = Scan { path, at: at.clone() }.segment()?;
            if let Some(name) = segment.name()
                && segments.iter().any(|earlier| earlier.name() == Some(name))
            {
                return Err(PatternError::new(path, name_at, Kind::DuplicateName));
            }
            if matches!(segment, Segment::Tail(_)) && at.end < path.len() {
                return Err(PatternError::new(path, at, Kind::TailNotLast));
            }
            segments.push(segment);
        }
        Ok(Self { path, segments })
    }

    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &'p str {
        self.path
    }

    /// The segments between the slashes, at least one.
    ///
    /// A path that ends in `/` ends in an empty literal, so `/` is one empty literal, and `/user/` differs
    /// from `/user`.
    #[must_use]
    pub fn segments(&self) -> &[Segment<'p>] {
        &self.segments
    }

    /// The names of the captures and the tail, in the order of the path.
    pub fn names(&self) -> impl Iterator<Item = &'p str> {
        self.segments.iter().filter_map(Segment::name)
    }

    /// Where in the path the capture or the tail of that name is, its braces included.
    #[must_use]
    pub fn range_of(&self, name: &str) -> Option<Range<usize>> {
        let mut start = 1;
        for (segment, text) in self.segments.iter().zip(self.path.get(1..)?.split('/')) {
            if segment.name() == Some(name) {
                return Some(start..start + text.len());
            }
            start += text.len() + 1;
        }
        None
    }

    /// Whether a request's path fits this pattern.
    ///
    /// This is the definition, not the fast way: the router finds a route without asking each in turn. The
    /// path is the one on the wire, still percent-encoded and without its query: a `%2F` does not end a
    /// segment, and literals are compared after decoding, so `/%75ser` fits `/user`.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let Some(mut rest) = path.strip_prefix('/') else {
            return false;
        };
        let mut segments = self.segments.iter().peekable();
        while let Some(segment) = segments.next() {
            if let Segment::Tail(_) = segment {
                return !rest.is_empty();
            }
            let (text, after) = match rest.split_once('/') {
                Some((text, after)) => (text, Some(after)),
                None => (rest, None),
            };
            let fits = match segment {
                Segment::Literal(literal) => decoded(literal).eq(decoded(text)),
                Segment::Capture(_) | Segment::Tail(_) => !text.is_empty(),
            };
            // Both the path and the pattern must go on, or both must end.
            if !fits || after.is_some() != segments.peek().is_some() {
                return false;
            }
            rest = after.unwrap_or_default();
        }
        true
    }
}

impl Display for Pattern<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.path)
    }
}

/// One piece of a path between two slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'p> {
    /// Text that the request must have here, as it was written: it may hold `%XX` escapes. Empty only at the
    /// end of a path.
    Literal(&'p str),
    /// `{name}`: one segment of the request, not empty.
    Capture(&'p str),
    /// `{name...}`: everything left of the request's path, not empty; slashes included.
    Tail(&'p str),
}

impl<'p> Segment<'p> {
    /// The name of a capture or a tail.
    #[must_use]
    pub fn name(&self) -> Option<&'p str> {
        match *self {
            Self::Literal(_) => None,
            Self::Capture(name) | Self::Tail(name) => Some(name),
        }
    }
}

/// The bytes that a segment stands for. A `%` without two digits stands for itself, as it does in browsers.
pub(crate) fn decoded(text: &str) -> impl Iterator<Item = u8> {
    let mut bytes = text.bytes();
    core::iter::from_fn(move || {
        let byte = bytes.next()?;
        if byte != b'%' {
            return Some(byte);
        }
        let mut ahead = bytes.clone();
        let escaped = || Some(hex(ahead.next()?)? << 4 | hex(ahead.next()?)?);
        match { escaped }() {
            Some(value) => {
                bytes.nth(1);
                Some(value)
            }
            None => Some(byte),
        }
    })
}

/// Whether a capture may have this name: an identifier that an argument can have, perhaps behind `r#`.
pub(crate) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    let starts = chars.next().is_some_and(|c| c == '_' || c.is_alphabetic());
    // These have no raw form either, so no argument can be called so.
    let reserved = matches!(text, "_" | "self" | "Self" | "super" | "crate");
    starts && !reserved && chars.all(|c| c == '_' || c.is_alphanumeric())
}

/// One segment that is being read, and the path around it for the errors.
struct Scan<'p> {
    path: &'p str,
    at: Range<usize>,
}

impl<'p> Scan<'p> {
    /// The segment, and where its name is.
    fn segment(&self) -> Result<(Segment<'p>, Range<usize>), PatternError> {
        let Range { start, end } = self.at;
        let text = &self.path[start..end];
        if text.is_empty() && end < self.path.len() {
            return Err(self.error(start - 1..end + 1, Kind::EmptySegment));
        }
        self.reject_foreign(text)?;
        let Some(open) = text.find(['{', '}', '?', '#']).map(|found| start + found) else {
            return self.literal(text);
        };
        self.reject_query(open)?;
        if self.path[open..].starts_with('}') {
            return Err(self.error(open..open + 1, Kind::StrayBrace));
        }
        let inner = &self.path[open + 1..end];
        let brace = inner.find(['{', '}']).map(|found| open + 1 + found);
        let inner = &self.path[open + 1..brace.unwrap_or(end)];
        self.reject_foreign_capture(open, inner)?;
        let close = match brace {
            Some(close) if self.path[close..].starts_with('}') => close,
            Some(second) if inner.is_empty() => {
                return Err(self.error(open..second + 1, Kind::StrayBrace));
            }
            _ => return Err(self.error(open..brace.unwrap_or(end), Kind::Unclosed)),
        };
        self.reject_query(close + 1)?;
        if self.path[close + 1..end].starts_with('}') {
            return Err(self.error(close + 1..close + 2, Kind::StrayBrace));
        }
        if open > start || close + 1 < end {
            return Err(self.error(start..end, Kind::MixedSegment));
        }
        self.capture(inner, open + 1)
    }

    fn capture(
        &self,
        inner: &'p str,
        start: usize,
    ) -> Result<(Segment<'p>, Range<usize>), PatternError> {
        let tail = inner.strip_suffix("...");
        let name = tail.unwrap_or(inner);
        let at = start..start + name.len();
        if name.is_empty() {
            return Err(self.error(self.at.clone(), Kind::EmptyName));
        }
        if !is_name(name) {
            return Err(self.error(at, Kind::NotAnIdentifier));
        }
        match tail {
            Some(_) => Ok((Segment::Tail(name), at)),
            None => Ok((Segment::Capture(name), at)),
        }
    }

    fn literal(&self, text: &'p str) -> Result<(Segment<'p>, Range<usize>), PatternError> {
        for (index, c) in text.char_indices() {
            let index = self.at.start + index;
            if c == '%' {
                let escape = self.path[index + 1..self.at.end].chars().take(2);
                if escape.clone().filter(char::is_ascii_hexdigit).count() < 2 {
                    let length: usize = escape.map(char::len_utf8).sum();
                    return Err(self.error(index..index + 1 + length, Kind::BadEscape));
                }
            } else if !is_path_char(c) {
                let run = self.path[index..self.at.end].find(|c| c == '%' || is_path_char(c));
                let end = run.map_or(self.at.end, |length| index + length);
                return Err(self.error(index..end, Kind::MustEscape));
            }
        }
        if decoded(text).eq(*b".") || decoded(text).eq(*b"..") {
            return Err(self.error(self.at.clone(), Kind::DotSegment));
        }
        Ok((Segment::Literal(text), self.at.clone()))
    }

    /// Refuses a segment that is a capture elsewhere. Each of these characters could begin a literal, but a
    /// route that never matches is found late; a literal one is percent-encoded.
    fn reject_foreign(&self, text: &str) -> Result<(), PatternError> {
        let foreign = match text.chars().next() {
            Some(':') => Foreign::Colon,
            Some('<') => Foreign::Angle,
            Some('*') => Foreign::Star,
            // A group may hold a slash, as `([^/]+)` does, so all that follows is its text.
            Some('(') => {
                let at = self.at.start..self.path.len();
                return Err(self.error(at, Kind::Foreign(Foreign::Regex)));
            }
            _ => return Ok(()),
        };
        Err(self.error(self.at.clone(), Kind::Foreign(foreign)))
    }

    fn reject_foreign_capture(&self, open: usize, inner: &str) -> Result<(), PatternError> {
        let bare = inner.strip_suffix("...").unwrap_or(inner);
        let (foreign, end) = if bare.contains(':') {
            // A constraint may hold slashes and braces, as `{id:[^/]{2}}` does.
            (Foreign::Constraint, self.closing(open))
        } else if bare.starts_with('*') || bare.ends_with('*') || bare.contains("..") {
            (Foreign::Star, self.closing(open))
        } else if bare.ends_with('?') || inner.starts_with('?') {
            (Foreign::Optional, self.closing(open))
        } else {
            return Ok(());
        };
        Err(self.error(open..end, Kind::Foreign(foreign)))
    }

    fn reject_query(&self, at: usize) -> Result<(), PatternError> {
        let kind = match self.path[at..].chars().next() {
            Some('?') => Kind::Query,
            Some('#') => Kind::Fragment,
            _ => return Ok(()),
        };
        Err(self.error(at..self.path.len(), kind))
    }

    /// The end of the braces that open at `open`, or of the path if they never close.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (index, byte) in self.path.bytes().enumerate().skip(open) {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return index + 1;
            }
        }
        self.path.len()
    }

    fn error(&self, at: Range<usize>, kind: Kind) -> PatternError {
        PatternError::new(self.path, at, kind)
    }
}

/// `pchar` of RFC 3986, section 3.3, without the percent sign.
fn is_path_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(c)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests;
