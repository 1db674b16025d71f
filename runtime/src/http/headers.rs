//! The headers of a message that is to be sent.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use memchr::memchr;

use super::class::{Class, trim};

/// The headers of a response, or of a client's request, kept as the bytes that will be sent.
///
/// This is the one place where a header is checked before it is written: a name is a token, a value has no
/// control character except TAB. An empty set owns no memory, and neither does one that holds nothing but a
/// Content-Type known at compile time.
///
/// Connection, Content-Length, Date, Keep-Alive, Proxy-Connection, Trailer and Transfer-Encoding are refused:
/// they describe how the message is framed, and the server writes them from what it really does. To announce
/// a length, give the response a body that has one.
///
/// ```
/// use gustnado::http::{Headers, InvalidHeader};
///
/// let mut headers = Headers::default();
/// headers.insert("Cache-Control", "no-store")?;
/// headers.append("Set-Cookie", "a=1")?;
/// headers.append("Set-Cookie", "b=2")?;
/// assert_eq!(headers.value("cache-control"), Some(&b"no-store"[..]));
/// assert_eq!(headers.iter().filter(|(name, _)| *name == "Set-Cookie").count(), 2);
///
/// let injected = headers.insert("Location", "/\r\nSet-Cookie: c=3");
/// assert_eq!(injected, Err(InvalidHeader::Value));
/// # Ok::<_, InvalidHeader>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    content_type: Option<ContentType>,
    /// `Name: value\r\n`, as often as there are headers.
    lines: Vec<u8>,
}

impl Headers {
    /// Sets a header, in place of every header of that name.
    ///
    /// SP and TAB around the value are not part of it and are dropped.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader`], and the headers stay as they were.
    pub fn insert(
        &mut self,
        name: impl AsRef<str>,
        value: impl AsRef<[u8]>,
    ) -> Result<(), InvalidHeader> {
        let (name, value) = checked(name.as_ref(), value.as_ref())?;
        if name.eq_ignore_ascii_case(CONTENT_TYPE) {
            self.content_type = Some(ContentType::new(value)?);
            return Ok(());
        }
        self.remove(name);
        self.push(name, value);
        Ok(())
    }

    /// Adds a header behind those of the same name. A response has one Content-Type, so that one is replaced.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader`], and the headers stay as they were.
    pub fn append(
        &mut self,
        name: impl AsRef<str>,
        value: impl AsRef<[u8]>,
    ) -> Result<(), InvalidHeader> {
        let (name, value) = checked(name.as_ref(), value.as_ref())?;
        if name.eq_ignore_ascii_case(CONTENT_TYPE) {
            self.content_type = Some(ContentType::new(value)?);
            return Ok(());
        }
        self.push(name, value);
        Ok(())
    }

    /// Removes every header of that name; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        if name.eq_ignore_ascii_case(CONTENT_TYPE) {
            return self.content_type.take().is_some();
        }
        let before = self.lines.len();
        let mut at = 0;
        while let Some(line) = Line::at(&self.lines, at) {
            if line.name.eq_ignore_ascii_case(name.as_bytes()) {
                self.lines.drain(at..line.end);
            } else {
                at = line.end;
            }
        }
        self.lines.len() != before
    }

    /// Sets the Content-Type, or takes it away.
    pub fn set_content_type(&mut self, content_type: impl Into<Option<ContentType>>) {
        self.content_type = content_type.into();
    }

    /// The Content-Type, if one is set.
    pub fn content_type(&self) -> Option<&ContentType> {
        self.content_type.as_ref()
    }

    /// The value of the first header of that name, in any case of letters.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(each, _)| each.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether there is a header of that name, in any case of letters.
    pub fn contains(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Names and values, Content-Type first and the others in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let content_type = self.content_type.iter().map(|each| (CONTENT_TYPE, each.as_bytes()));
        let mut at = 0;
        content_type.chain(std::iter::from_fn(move || {
            let line = Line::at(&self.lines, at)?;
            at = line.end;
            // A name is a token, and thus ASCII: this never falls back.
            Some((std::str::from_utf8(line.name).unwrap_or_default(), line.value))
        }))
    }

    /// Whether there is no header at all.
    pub fn is_empty(&self) -> bool {
        self.content_type.is_none() && self.lines.is_empty()
    }

    /// Removes all headers and keeps the memory.
    pub fn clear(&mut self) {
        self.content_type = None;
        self.lines.clear();
    }

    /// Everything but the Content-Type, as it goes over the wire: `Name: value` and CRLF, line by line.
    pub fn as_bytes(&self) -> &[u8] {
        &self.lines
    }

    /// Makes room in `out` for all headers and `more` bytes.
    #[inline]
    pub(super) fn reserve_in(&self, out: &mut Vec<u8>, more: usize) {
        let content_type = self.content_type.as_ref().map_or(0, |each| each.as_bytes().len());
        out.reserve(self.lines.len() + content_type + more);
    }

    /// Appends all headers to `out`.
    #[inline]
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if let Some(content_type) = &self.content_type {
            out.extend_from_slice(b"Content-Type: ");
            out.extend_from_slice(content_type.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        if !self.lines.is_empty() {
            out.extend_from_slice(&self.lines);
        }
    }

    fn push(&mut self, name: &str, value: &[u8]) {
        let length = name.len() + value.len() + 4;
        // Most responses have none or a handful: one allocation should do for those.
        self.lines.reserve(if self.lines.is_empty() { length.max(128) } else { length });
        self.lines.extend_from_slice(name.as_bytes());
        self.lines.extend_from_slice(b": ");
        self.lines.extend_from_slice(value);
        self.lines.extend_from_slice(b"\r\n");
    }
}

/// Names only: values carry cookies and other secrets, and this text ends up in logs.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// A value for the Content-Type header, checked when it is made.
///
/// The common ones are constants; others known at compile time are made by [`from_static`](Self::from_static)
/// and cost nothing either.
///
/// ```
/// use gustnado::http::ContentType;
///
/// const CSV: ContentType = ContentType::from_static("text/csv; charset=utf-8");
/// assert_eq!(CSV.as_bytes(), b"text/csv; charset=utf-8");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType(Cow<'static, [u8]>);

impl ContentType {
    /// `text/html; charset=utf-8`
    pub const HTML: Self = Self::from_static("text/html; charset=utf-8");
    /// `application/json`. It has no charset parameter: JSON is always UTF-8 (RFC 8259 §8.1).
    pub const JSON: Self = Self::from_static("application/json");
    /// `application/octet-stream`
    pub const OCTETS: Self = Self::from_static("application/octet-stream");
    /// `text/event-stream`
    pub const EVENTS: Self = Self::from_static("text/event-stream");
    /// `text/plain; charset=utf-8`
    pub const TEXT: Self = Self::from_static("text/plain; charset=utf-8");

    /// Checks a value that was made at run time.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader::Value`] if it is empty or has a control character.
    pub fn new(value: impl AsRef<[u8]>) -> Result<Self, InvalidHeader> {
        let value = trim(value.as_ref());
        if value.is_empty() || !Class::VALUE.all(value) {
            return Err(InvalidHeader::Value);
        }
        Ok(Self(Cow::Owned(value.to_vec())))
    }

    /// Takes a value that is known at compile time.
    ///
    /// # Panics
    ///
    /// If the value is empty, starts or ends with white space or has a control character. In a `const`, that
    /// is a compile error.
    pub const fn from_static(value: &'static str) -> Self {
        let bytes = value.as_bytes();
        assert!(!bytes.is_empty(), "a Content-Type is not empty");
        assert!(trim(bytes).len() == bytes.len(), "white space around a Content-Type");
        let mut at = 0;
        while at < bytes.len() {
            assert!(Class::VALUE.has(bytes[at]), "control character in a Content-Type");
            at += 1;
        }
        Self(Cow::Borrowed(bytes))
    }

    /// The value as it is sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Why a header was not accepted for a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidHeader {
    /// The name is empty or not a token.
    Name,
    /// The name belongs to the framing of the message, which the server writes itself.
    Reserved,
    /// The value has a control character other than TAB.
    Value,
}

impl fmt::Display for InvalidHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "a header name must be a token",
            Self::Reserved => "this header is written by the server",
            Self::Value => "control character in a header value",
        })
    }
}

impl Error for InvalidHeader {}

const CONTENT_TYPE: &str = "Content-Type";

/// One `Name: value\r\n`.
struct Line<'a> {
    name: &'a [u8],
    value: &'a [u8],
    /// Where the next line starts.
    end: usize,
}

impl<'a> Line<'a> {
    /// The line that starts at `start`; `None` behind the last one.
    fn at(lines: &'a [u8], start: usize) -> Option<Self> {
        let rest = lines.get(start..)?;
        let feed = memchr(b'\n', rest)?;
        let (name, value) = rest[..feed].split_at(memchr(b':', &rest[..feed])?);
        let value = value.strip_prefix(b": ")?.strip_suffix(b"\r")?;
        Some(Self { name, value, end: start + feed + 1 })
    }
}

fn checked<'a>(name: &'a str, value: &'a [u8]) -> Result<(&'a str, &'a [u8]), InvalidHeader> {
    if name.is_empty() || !Class::TOKEN.all(name.as_bytes()) {
        return Err(InvalidHeader::Name);
    }
    if is_reserved(name) {
        return Err(InvalidHeader::Reserved);
    }
    let value = trim(value);
    if !Class::VALUE.all(value) {
        return Err(InvalidHeader::Value);
    }
    Ok((name, value))
}

fn is_reserved(name: &str) -> bool {
    let reserved: &[&str] = match name.len() {
        4 => &["date"],
        7 => &["trailer"],
        10 => &["connection", "keep-alive"],
        14 => &["content-length"],
        16 => &["proxy-connection"],
        17 => &["transfer-encoding"],
        _ => return false,
    };
    reserved.iter().any(|each| each.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insert_replaces_and_append_adds() {
        let mut headers = Headers::default();
        headers.append("X-A", "1").unwrap();
        headers.append("x-a", "2").unwrap();
        headers.insert("Vary", "Accept").unwrap();
        assert_eq!(headers.as_bytes(), b"X-A: 1\r\nx-a: 2\r\nVary: Accept\r\n");
        headers.insert("X-a", "3").unwrap();
        assert_eq!(headers.as_bytes(), b"Vary: Accept\r\nX-a: 3\r\n");
        assert!(headers.remove("VARY"));
        assert!(!headers.remove("VARY"));
        assert_eq!(headers.as_bytes(), b"X-a: 3\r\n");
    }

    #[test]
    fn content_type_is_one_header_whichever_way_it_is_set() {
        let mut headers = Headers::default();
        headers.insert("content-type", "text/css").unwrap();
        headers.append("CONTENT-TYPE", " text/csv ").unwrap();
        assert_eq!(headers.iter().collect::<Vec<_>>(), [("Content-Type", &b"text/csv"[..])]);
        assert!(headers.as_bytes().is_empty());
        assert_eq!(headers.insert("content-type", ""), Err(InvalidHeader::Value));
        headers.set_content_type(None);
        assert!(headers.is_empty());
    }

    #[test]
    fn a_line_break_or_control_never_gets_into_a_value() {
        let mut headers = Headers::default();
        for byte in (0..0x20).chain([0x7f]) {
            let value = [b'a', byte, b'b'];
            let expected = if byte == b'\t' { Ok(()) } else { Err(InvalidHeader::Value) };
            assert_eq!(headers.insert("X-A", value), expected, "{byte:#x}");
            assert_eq!(ContentType::new(value).is_ok(), byte == b'\t', "{byte:#x}");
        }
        assert_eq!(headers.insert("X-A", "é"), Ok(()));
        assert_eq!(headers.insert("X-A", ""), Ok(()));
        assert_eq!(headers.as_bytes(), b"X-A: \r\n");
    }

    #[test]
    fn a_name_is_a_token() {
        let mut headers = Headers::default();
        for name in ["", " ", "a b", "a:", "a\r\nb", "é", "a\0", "(a)"] {
            assert_eq!(headers.insert(name, "x"), Err(InvalidHeader::Name), "{name:?}");
        }
        assert!(headers.is_empty());
    }

    #[test]
    fn framing_headers_are_the_servers() {
        let mut headers = Headers::default();
        for name in [
            "Connection",
            "content-length",
            "DATE",
            "Keep-Alive",
            "Proxy-Connection",
            "Trailer",
            "Transfer-Encoding",
        ] {
            assert_eq!(headers.insert(name, "x"), Err(InvalidHeader::Reserved), "{name}");
            assert_eq!(headers.append(name, "x"), Err(InvalidHeader::Reserved), "{name}");
        }
    }

    #[test]
    fn debug_shows_no_values() {
        let mut headers = Headers::default();
        headers.insert("Set-Cookie", "secret").unwrap();
        assert_eq!(format!("{headers:?}"), r#"["Set-Cookie"]"#);
    }
}
