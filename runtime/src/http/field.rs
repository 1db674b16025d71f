//! Header lines: the strict grammar that heads and trailers share.

use std::ops::Range;

use super::class::{Class, is_space};
use super::violation::Violation;

/// One header, as ranges into the bytes it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: Span,
    /// Without the white space around it.
    pub(super) value: Span,
}

/// A range of a buffer, half as large as the usual one. Sections are limited to
/// [`Limits::SECTION`](super::Limits::SECTION), so every offset fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    #[inline]
    pub(super) fn new(range: Range<usize>) -> Self {
        Self { start: range.start as u32, end: range.end as u32 }
    }

    /// The place of `part` in `whole`, which it must be a slice of.
    #[inline]
    pub(super) fn of(part: &[u8], whole: &[u8]) -> Self {
        let start = part.as_ptr().addr() - whole.as_ptr().addr();
        Self::new(start..start + part.len())
    }

    /// Moves the span along with bytes that were at `from` and are at `to` now.
    #[inline]
    pub(super) fn shift(&mut self, from: usize, to: usize) {
        let distance = (to as u32).wrapping_sub(from as u32);
        self.start = self.start.wrapping_add(distance);
        self.end = self.end.wrapping_add(distance);
    }

    #[inline]
    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    #[inline]
    pub(super) fn end(self) -> usize {
        self.end as usize
    }

    #[inline]
    pub(super) fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    #[inline]
    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Empty if the buffer is not the one the span was made for.
    #[inline]
    pub(super) fn bytes(self, buffer: &[u8]) -> &[u8] {
        buffer.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Empty if the buffer is not the one the span was made for.
    #[inline]
    pub(super) fn text(self, buffer: &[u8]) -> &str {
        std::str::from_utf8(self.bytes(buffer)).unwrap_or_default()
    }
}

/// How large a section of header lines may be, and what it is called if it is larger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) bytes: usize,
    pub(super) count: usize,
    pub(super) too_large: Violation,
    pub(super) too_many: Violation,
}

/// Reads header lines up to the empty line that ends them, byte by byte, and remembers where it stopped.
///
/// It looks at every byte once, so the work is linear however the bytes arrive, and a violation is reported at the
/// first byte that shows it. What it says about some bytes thus never depends on how they were split.
#[derive(Debug, Default)]
pub(super) struct FieldScanner {
    state: State,
    start: usize,
    at: usize,
    /// Where the name, and later the value, of the current line starts.
    mark: usize,
    name: Span,
}

impl FieldScanner {
    /// A scanner for lines that start at `start`.
    pub(super) fn new(start: usize) -> Self {
        Self { start, at: start, ..Self::default() }
    }

    /// The first byte that has not been looked at.
    #[cfg(test)]
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Goes on where it stopped; `buffer` starts with the bytes it has seen. `Some(end)` behind the empty line.
    pub(super) fn scan(
        &mut self,
        buffer: &[u8],
        fields: &mut Vec<Field>,
        bounds: &Bounds,
    ) -> Result<Option<usize>, Violation> {
        // Bytes behind the bound are not looked at: a line that runs into it is too large, whatever it holds.
        let bound = self.start.saturating_add(bounds.bytes);
        let visible = &buffer[..buffer.len().min(bound)];
        while let Some(&byte) = visible.get(self.at) {
            match self.state {
                State::LineStart => match byte {
                    b'\r' => self.state = State::EndFeed,
                    b'\n' => return Err(Violation::BareLineFeed),
                    b':' => return Err(Violation::FieldNameEmpty),
                    _ if is_space(byte) && fields.is_empty() => {
                        return Err(Violation::LeadingWhitespace);
                    }
                    _ if is_space(byte) => return Err(Violation::FoldedField),
                    _ if !Class::TOKEN.has(byte) => return Err(Violation::FieldNameSyntax),
                    _ if fields.len() >= bounds.count => return Err(bounds.too_many),
                    _ => {
                        self.mark = self.at;
                        self.state = State::Name;
                    }
                },
                State::Name => match byte {
                    b':' => {
                        self.name = Span::new(self.mark..self.at);
                        self.state = State::BeforeValue;
                    }
                    b'\r' => return Err(Violation::MissingColon),
                    b'\n' => return Err(Violation::BareLineFeed),
                    _ if is_space(byte) => return Err(Violation::SpaceBeforeColon),
                    _ if !Class::TOKEN.has(byte) => return Err(Violation::FieldNameSyntax),
                    _ => {}
                },
                State::BeforeValue if is_space(byte) => {}
                State::BeforeValue => {
                    self.mark = self.at;
                    self.state = State::Value;
                    // The byte belongs to the value, or ends it.
                    continue;
                }
                State::Value => match byte {
                    b'\r' => {
                        let value = &visible[self.mark..self.at];
                        let trailing =
                            value.iter().rev().take_while(|byte| is_space(**byte)).count();
                        let value = Span::new(self.mark..self.at - trailing);
                        fields.push(Field { name: self.name, value });
                        self.state = State::Feed;
                    }
                    b'\n' => return Err(Violation::BareLineFeed),
                    _ if !Class::VALUE.has(byte) => return Err(Violation::FieldValueSyntax),
                    _ => {}
                },
                State::Feed if byte == b'\n' => self.state = State::LineStart,
                State::EndFeed if byte == b'\n' => {
                    self.at += 1;
                    return Ok(Some(self.at));
                }
                State::Feed | State::EndFeed => return Err(Violation::BareCarriageReturn),
            }
            self.at += 1;
        }
        if buffer.len() > bound { Err(bounds.too_large) } else { Ok(None) }
    }
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    LineStart,
    Name,
    BeforeValue,
    Value,
    /// Behind the CR of a header.
    Feed,
    /// Behind the CR of the empty line.
    EndFeed,
}
