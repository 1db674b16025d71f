//! Chunked bodies, read and written. RFC 9112 §7.1.

mod trailers;

use std::ops::Range;

use super::class::{Class, is_space};
use super::limits::Limits;
use super::violation::Violation;
use trailers::Trailers;

/// The chunk that ends a body, without trailers.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Appends `data` as one chunk to `out`. Without data nothing is written, since an empty chunk would end the body.
///
/// ```
/// use gustnado::http::{LAST_CHUNK, write_chunk};
///
/// let mut out = Vec::new();
/// write_chunk(b"Hello, world", &mut out);
/// write_chunk(b"", &mut out);
/// out.extend_from_slice(LAST_CHUNK);
/// assert_eq!(out, b"c\r\nHello, world\r\n0\r\n\r\n");
/// ```
pub fn write_chunk(data: &[u8], out: &mut Vec<u8>) {
    if data.is_empty() {
        return;
    }
    out.reserve(data.len() + 20);
    write_chunk_size(data.len() as u64, out);
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// Appends the line that opens a chunk of `size` bytes, for data that is sent from where it is; a CRLF must follow
/// the data.
pub fn write_chunk_size(size: u64, out: &mut Vec<u8>) {
    let mut line = *b"0000000000000000\r\n";
    let mut first = 16;
    let mut rest = size;
    loop {
        first -= 1;
        line[first] = b"0123456789abcdef"[(rest & 15) as usize];
        rest >>= 4;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&line[first..]);
}

/// Decodes a chunked body piece by piece, wherever the pieces were cut.
///
/// Chunk extensions are checked and skipped. Trailers are checked against the grammar of headers and dropped: they
/// arrive after the handler may have begun, and nothing may depend on them.
///
/// ```
/// use gustnado::http::{Chunked, Limits};
///
/// let mut input = &b"5\r\nHello\r\n7;a=b\r\n, world\r\n0\r\n\r\nGET"[..];
/// let mut body = Vec::new();
/// let mut chunked = Chunked::new(&Limits::default());
/// loop {
///     let decoded = chunked.decode(input)?;
///     body.extend_from_slice(&input[decoded.data.clone()]);
///     input = &input[decoded.consumed..];
///     if decoded.done {
///         break;
///     }
///     assert!(!input.is_empty(), "read more");
/// }
/// assert_eq!(body, b"Hello, world");
/// assert_eq!(input, b"GET");
/// # Ok::<_, gustnado::http::Violation>(())
/// ```
#[derive(Debug)]
pub struct Chunked {
    state: State,
    /// The size of the current chunk while its line is read, then how much of it is still to come.
    size: u64,
    /// Digits of the current size.
    digits: u8,
    /// Bytes of the current size line, and of all extensions.
    line: usize,
    extensions: usize,
    /// Bytes of all chunks so far.
    total: u64,
    limits: Limits,
    trailers: Trailers,
}

/// What [`Chunked::decode`] made of its input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// How many bytes of the input are used up. Call again with those behind them.
    pub consumed: usize,
    /// Where in the input the data is, if there is any.
    pub data: Range<usize>,
    /// Whether the body is complete. What was not consumed belongs to the next request.
    pub done: bool,
}

impl Chunked {
    /// A decoder for one body, of no more than [`Limits::body`] bytes.
    pub fn new(limits: &Limits) -> Self {
        Self {
            state: State::SizeStart,
            size: 0,
            digits: 0,
            line: 0,
            extensions: 0,
            total: 0,
            limits: *limits,
            trailers: Trailers::default(),
        }
    }

    /// Changes how long the body may be in all.
    pub fn set_limit(&mut self, body: u64) {
        self.limits.body = body;
    }

    /// Whether the body is complete.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Decodes up to the end of the next piece of data, of the input, or of the body.
    ///
    /// # Errors
    ///
    /// The first rule that the body breaks. The decoder is of no use afterwards.
    pub fn decode(&mut self, input: &[u8]) -> Result<Decoded, Violation> {
        let mut at = 0;
        while !matches!(self.state, State::Data | State::Trailers | State::Done) {
            let Some(&byte) = input.get(at) else {
                return Ok(Decoded { consumed: at, data: at..at, done: false });
            };
            self.step(byte)?;
            at += 1;
        }
        match self.state {
            State::Data => {
                let rest = input.len() - at;
                // No larger than `rest`, so it fits.
                let length = self.size.min(rest as u64) as usize;
                self.size -= length as u64;
                if self.size == 0 {
                    self.state = State::DataReturn;
                }
                Ok(Decoded { consumed: at + length, data: at..at + length, done: false })
            }
            State::Trailers => {
                let (taken, done) = self.trailers.read(&input[at..], &self.limits)?;
                if done {
                    self.state = State::Done;
                }
                Ok(Decoded { consumed: at + taken, data: at..at, done })
            }
            _ => Ok(Decoded { consumed: at, data: at..at, done: true }),
        }
    }

    /// One byte of anything but data and trailers.
    fn step(&mut self, byte: u8) -> Result<(), Violation> {
        self.state = match self.state {
            State::SizeStart => {
                self.size = 0;
                self.digits = 0;
                self.line = 0;
                self.digit(byte)?;
                State::Size
            }
            State::Size => match byte {
                b'\r' => State::SizeFeed,
                b';' => State::ExtensionStart,
                _ if is_space(byte) => State::BeforeSemicolon,
                _ => {
                    self.digit(byte)?;
                    State::Size
                }
            },
            // RFC 9112 §7.1.1: white space around `;` and `=` is bad, but must be read.
            State::BeforeSemicolon => match byte {
                b';' => State::ExtensionStart,
                _ if is_space(byte) => State::BeforeSemicolon,
                _ => return Err(broken(byte, Violation::ChunkSizeSyntax)),
            },
            State::ExtensionStart => match byte {
                _ if is_space(byte) => State::ExtensionStart,
                _ if Class::TOKEN.has(byte) => State::ExtensionName,
                _ => return Err(broken(byte, Violation::ChunkExtensionSyntax)),
            },
            State::ExtensionName => match byte {
                b'\r' => State::SizeFeed,
                b';' => State::ExtensionStart,
                b'=' => State::ValueStart,
                _ if is_space(byte) => State::AfterName,
                _ if Class::TOKEN.has(byte) => State::ExtensionName,
                _ => return Err(broken(byte, Violation::ChunkExtensionSyntax)),
            },
            State::AfterName => match byte {
                b';' => State::ExtensionStart,
                b'=' => State::ValueStart,
                _ if is_space(byte) => State::AfterName,
                _ => return Err(broken(byte, Violation::ChunkExtensionSyntax)),
            },
            State::ValueStart => match byte {
                b'"' => State::Quoted,
                _ if is_space(byte) => State::ValueStart,
                _ if Class::TOKEN.has(byte) => State::Value,
                _ => return Err(broken(byte, Violation::ChunkExtensionSyntax)),
            },
            State::Value => match byte {
                b'\r' => State::SizeFeed,
                b';' => State::ExtensionStart,
                _ if is_space(byte) => State::AfterValue,
                _ if Class::TOKEN.has(byte) => State::Value,
                _ => return Err(broken(byte, Violation::ChunkExtensionSyntax)),
            },
            State::Quoted => match byte {
                b'"' => State::AfterQuoted,
                b'\\' => State::QuotedPair,
                _ if Class::VALUE.has(byte) => State::Quoted,
                _ => return Err(broken(byte, Violation::ChunkExtensionSyntax)),
            },
            State::QuotedPair => match byte {
                _ if Class::VALUE.has(byte) => State::Quoted,
                _ => return Err(broken(byte, Violation::ChunkExtensionSyntax)),
            },
            State::AfterQuoted => match byte {
                b'\r' => State::SizeFeed,
                b';' => State::ExtensionStart,
                _ if is_space(byte) => State::AfterValue,
                _ => return Err(broken(byte, Violation::ChunkExtensionSyntax)),
            },
            State::AfterValue => match byte {
                b';' => State::ExtensionStart,
                _ if is_space(byte) => State::AfterValue,
                _ => return Err(broken(byte, Violation::ChunkExtensionSyntax)),
            },
            State::SizeFeed => match byte {
                b'\n' => self.open()?,
                _ => return Err(Violation::BareCarriageReturn),
            },
            State::DataReturn => match byte {
                b'\r' => State::DataFeed,
                _ => return Err(Violation::ChunkUnterminated),
            },
            State::DataFeed => match byte {
                b'\n' => State::SizeStart,
                _ => return Err(Violation::ChunkUnterminated),
            },
            state @ (State::Data | State::Trailers | State::Done) => state,
        };
        self.line += 1;
        if self.state.is_extension() {
            self.extensions += 1;
            if self.line > self.limits.chunk_line || self.extensions > self.limits.chunk_extensions
            {
                return Err(Violation::ChunkExtensionTooLong);
            }
        }
        Ok(())
    }

    /// Hexadecimal digits and nothing else: no sign, no `0x`, no underscore. Leading zeros count as digits, so
    /// the line is bounded.
    fn digit(&mut self, byte: u8) -> Result<(), Violation> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return Err(broken(byte, Violation::ChunkSizeSyntax)),
        };
        if self.digits == 16 {
            return Err(Violation::ChunkSizeOverflow);
        }
        self.digits += 1;
        self.size = (self.size << 4) | u64::from(digit);
        Ok(())
    }

    /// The size line is complete.
    fn open(&mut self) -> Result<State, Violation> {
        if self.size == 0 {
            return Ok(State::Trailers);
        }
        self.total = self.total.saturating_add(self.size);
        Limits::admit_body(self.total, self.limits.body)?;
        Ok(State::Data)
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    SizeStart,
    Size,
    BeforeSemicolon,
    ExtensionStart,
    ExtensionName,
    AfterName,
    ValueStart,
    Value,
    Quoted,
    QuotedPair,
    AfterQuoted,
    AfterValue,
    /// Behind the CR of the size line.
    SizeFeed,
    Data,
    DataReturn,
    DataFeed,
    Trailers,
    Done,
}

impl State {
    fn is_extension(self) -> bool {
        matches!(
            self,
            Self::BeforeSemicolon
                | Self::ExtensionStart
                | Self::ExtensionName
                | Self::AfterName
                | Self::ValueStart
                | Self::Value
                | Self::Quoted
                | Self::QuotedPair
                | Self::AfterQuoted
                | Self::AfterValue
        )
    }
}

/// A line end that is not CRLF is its own rule, wherever it stands.
fn broken(byte: u8, rule: Violation) -> Violation {
    if byte == b'\n' { Violation::BareLineFeed } else { rule }
}

#[cfg(test)]
mod tests;
