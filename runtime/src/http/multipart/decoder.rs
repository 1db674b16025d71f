//! From the bytes of a form to its parts.

use super::super::field::{Bounds, Field, FieldScanner};
use super::super::limits::Limits;
use super::super::violation::Violation;
use super::{MultipartError, PartHead, PartLimits};
use memchr::memmem;
use std::fmt;
use std::ops::Range;

/// Reads a form from bytes as they come, and copies nothing but the headers of its parts.
///
/// Hand [`decode`](Self::decode) what has arrived, again and again: it says how much it has taken, and what of it was found.
/// What it has not taken is to be given once more, with what arrives next behind it. The result never depends on how the bytes were
/// cut.
///
/// Bytes before the first boundary and behind the last one are skipped. RFC 2046 §5.1.1.
///
/// ```
/// use gustnado::http::{MultipartDecoder, PartLimits, Step};
///
/// let mut decoder = MultipartDecoder::new(b"multipart/form-data; boundary=b", PartLimits::default())?;
/// let mut input: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n";
/// let mut found = Vec::new();
/// loop {
///     let part = decoder.decode(input)?;
///     match part.step {
///         Step::Part(head) => found.push(head.name().to_owned()),
///         Step::Data(range) => found.push(String::from_utf8_lossy(&input[range]).into_owned()),
///         Step::PartEnd => {}
///         Step::More | Step::End => break,
///     }
///     input = &input[part.consumed..];
/// }
/// decoder.finish()?;
/// assert_eq!(found, ["a", "1"]);
/// # Ok::<(), gustnado::http::MultipartError>(())
/// ```
pub struct MultipartDecoder {
    /// The line end, two dashes and the boundary.
    delimiter: memmem::Finder<'static>,
    limits: PartLimits,
    parts: usize,
    state: State,
}

/// How far a [`MultipartDecoder`] got with some bytes.
#[derive(Debug)]
pub struct PartStep {
    /// How many bytes it has taken.
    pub consumed: usize,
    /// What it has found.
    pub step: Step,
}

/// What a [`MultipartDecoder`] finds.
#[derive(Debug)]
pub enum Step {
    /// Nothing that could be told yet: more bytes are needed.
    More,
    /// A part begins.
    Part(PartHead),
    /// These bytes of the input belong to the part; there is at least one.
    Data(Range<usize>),
    /// The part has ended.
    PartEnd,
    /// The form has ended. What follows is of no interest.
    End,
}

enum State {
    /// Nothing has been read: the boundary needs no line end before it.
    Start,
    Preamble,
    /// Behind a boundary, and so many bytes of white space.
    Delimited(usize),
    /// In the headers of a part.
    Headers(Box<Section>),
    Data,
    End,
    Failed(MultipartError),
}

#[derive(Default)]
struct Section {
    bytes: Vec<u8>,
    fields: Vec<Field>,
    scanner: FieldScanner,
}

impl MultipartDecoder {
    /// A decoder for a body of this Content-Type.
    ///
    /// # Errors
    ///
    /// [`MultipartError::Boundary`]: the Content-Type has none, or a bad one.
    pub fn new(content_type: &[u8], limits: PartLimits) -> Result<Self, MultipartError> {
        let boundary = super::boundary(content_type).ok_or(MultipartError::Boundary)?;
        let delimiter = [b"\r\n--", &boundary[..]].concat();
        Ok(Self {
            delimiter: memmem::Finder::new(&delimiter).into_owned(),
            limits,
            parts: 0,
            state: State::Start,
        })
    }

    /// Sets what the form must stay within, from here on.
    pub fn set_limits(&mut self, limits: PartLimits) {
        self.limits = limits;
    }

    /// Reads the beginning of `input`, up to the next thing that can be told. It takes something, or says [`Step::More`] or
    /// [`Step::End`].
    ///
    /// # Errors
    ///
    /// [`MultipartError`], and from then on always the same.
    pub fn decode(&mut self, input: &[u8]) -> Result<PartStep, MultipartError> {
        let mut consumed = 0;
        loop {
            let found = self.advance(&input[consumed..]);
            let (taken, step) = found.inspect_err(|error| self.state = State::Failed(*error))?;
            let start = consumed;
            consumed += taken;
            match step {
                // Between two things, such as a boundary and the headers behind it.
                Step::More if taken > 0 => {}
                Step::Data(range) => {
                    let step = Step::Data(start + range.start..start + range.end);
                    return Ok(PartStep { consumed, step });
                }
                step => return Ok(PartStep { consumed, step }),
            }
        }
    }

    /// Says whether the form was complete when the body ended.
    ///
    /// # Errors
    ///
    /// [`MultipartError::Unterminated`].
    pub fn finish(&self) -> Result<(), MultipartError> {
        match &self.state {
            State::End => Ok(()),
            State::Failed(error) => Err(*error),
            _ => Err(MultipartError::Unterminated),
        }
    }

    fn advance(&mut self, input: &[u8]) -> Result<(usize, Step), MultipartError> {
        match &mut self.state {
            State::Start => Ok((self.start(input), Step::More)),
            State::Preamble => Ok((self.preamble(input), Step::More)),
            State::Delimited(padding) => {
                let padding = *padding;
                self.delimited(padding, input)
            }
            State::Headers(section) => {
                let (taken, ended) = section.read(input, self.limits.header_bytes)?;
                if !ended {
                    return Ok((taken, Step::More));
                }
                let Section { bytes, fields, .. } = std::mem::take(&mut **section);
                self.state = State::Data;
                Ok((taken, Step::Part(PartHead::new(bytes, fields)?)))
            }
            State::Data => {
                let (before, found) = self.search(input);
                if before > 0 {
                    return Ok((before, Step::Data(0..before)));
                }
                let step = if found { Step::PartEnd } else { Step::More };
                Ok((self.pass(0, found), step))
            }
            State::End => Ok((input.len(), Step::End)),
            State::Failed(error) => Err(*error),
        }
    }

    fn start(&mut self, input: &[u8]) -> usize {
        let delimiter = &self.delimiter.needle()[2..];
        if input.starts_with(delimiter) {
            let length = delimiter.len();
            self.state = State::Delimited(0);
            return length;
        }
        if delimiter.starts_with(input) {
            return 0;
        }
        self.state = State::Preamble;
        self.preamble(input)
    }

    fn preamble(&mut self, input: &[u8]) -> usize {
        let (before, found) = self.search(input);
        self.pass(before, found)
    }

    /// How many bytes are certainly no boundary, and whether one follows them.
    fn search(&self, input: &[u8]) -> (usize, bool) {
        if let Some(at) = self.delimiter.find(input) {
            return (at, true);
        }
        // A boundary may have begun at the end. It holds one CR, its first byte.
        let delimiter = self.delimiter.needle();
        let tail = input.len().saturating_sub(delimiter.len() - 1);
        let begun = memchr::memrchr(b'\r', &input[tail..])
            .map(|at| tail + at)
            .filter(|&at| delimiter.starts_with(&input[at..]));
        (begun.unwrap_or(input.len()), false)
    }

    /// Goes behind the boundary, if there is one after the bytes `before`.
    fn pass(&mut self, before: usize, found: bool) -> usize {
        if !found {
            return before;
        }
        self.state = State::Delimited(0);
        before + self.delimiter.needle().len()
    }

    fn delimited(&mut self, padding: usize, input: &[u8]) -> Result<(usize, Step), MultipartError> {
        match input {
            [b'-', b'-', ..] if padding == 0 => {
                self.state = State::End;
                Ok((input.len(), Step::End))
            }
            [b'-'] if padding == 0 => Ok((0, Step::More)),
            [b' ' | b'\t', ..] if padding < self.limits.header_bytes => {
                self.state = State::Delimited(padding + 1);
                Ok((1, Step::More))
            }
            [b'\r', b'\n', ..] => {
                if self.parts >= self.limits.parts {
                    return Err(MultipartError::TooManyParts);
                }
                self.parts += 1;
                self.state = State::Headers(Box::default());
                Ok((2, Step::More))
            }
            [] | [b'\r'] => Ok((0, Step::More)),
            _ => Err(MultipartError::Delimiter),
        }
    }
}

impl Section {
    /// How much of the input belongs to the headers, and whether that is all of them.
    fn read(&mut self, input: &[u8], limit: usize) -> Result<(usize, bool), MultipartError> {
        let bounds = Bounds {
            bytes: limit.min(Limits::SECTION),
            // Bounded by the bytes.
            count: usize::MAX,
            too_large: Violation::HeadersTooLarge,
            too_many: Violation::TooManyHeaders,
        };
        let before = self.bytes.len();
        // One byte beyond the bound is enough to know that it was crossed.
        let room = (bounds.bytes + 1).saturating_sub(before);
        let taken = input.len().min(room);
        self.bytes.extend_from_slice(&input[..taken]);
        match self.scanner.scan(&self.bytes, &mut self.fields, &bounds) {
            Ok(Some(end)) => {
                self.bytes.truncate(end);
                Ok((end - before, true))
            }
            Ok(None) => Ok((taken, false)),
            Err(Violation::HeadersTooLarge) => Err(MultipartError::HeadersTooLarge),
            Err(violation) => Err(MultipartError::Header(violation)),
        }
    }
}

impl fmt::Debug for MultipartDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultipartDecoder").field("parts", &self.parts).finish_non_exhaustive()
    }
}
