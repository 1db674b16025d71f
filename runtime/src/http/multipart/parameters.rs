//! The parameters of Content-Disposition and Content-Type.

use super::super::class::{Class, is_space, trim};
use percent_encoding::percent_decode;
use std::borrow::Cow;

/// Goes through `; name=value; name="value"` in one pass, so a long one costs what it is long (CVE-2025-67726).
pub(super) struct Parameters<'v>(&'v [u8]);

/// One parameter.
pub(super) struct Parameter<'v> {
    pub(super) name: &'v [u8],
    /// Between the quotes, if there are any.
    raw: &'v [u8],
    is_quoted: bool,
}

/// The value is no list of parameters.
#[derive(Debug)]
pub(super) struct Malformed;

impl<'v> Parameters<'v> {
    /// The text begins with the semicolon before the first parameter, or is empty.
    pub(super) fn new(text: &'v [u8]) -> Self {
        Self(text)
    }

    fn read(&mut self) -> Result<Option<Parameter<'v>>, Malformed> {
        let [b';', rest @ ..] = trim(self.0) else {
            return if trim(self.0).is_empty() { Ok(None) } else { Err(Malformed) };
        };
        let rest = trim(rest);
        if rest.is_empty() {
            // A semicolon at the end, as some clients send it.
            return Ok(None);
        }
        let equals = memchr::memchr(b'=', rest).ok_or(Malformed)?;
        let (name, value) = (trim(&rest[..equals]), &rest[equals + 1..]);
        if name.is_empty() || !Class::TOKEN.all(name) {
            return Err(Malformed);
        }
        let start = value.iter().take_while(|byte| is_space(**byte)).count();
        let value = &value[start..];
        let (raw, is_quoted) = match value {
            [b'"', quoted @ ..] => {
                let end = end_of_quoted(quoted).ok_or(Malformed)?;
                self.0 = &quoted[end + 1..];
                (&quoted[..end], true)
            }
            _ => {
                let end = memchr::memchr(b';', value).unwrap_or(value.len());
                self.0 = &value[end..];
                (trim(&value[..end]), false)
            }
        };
        if raw.contains(&b'"') && !is_quoted {
            return Err(Malformed);
        }
        Ok(Some(Parameter { name, raw, is_quoted }))
    }
}

impl<'v> Iterator for Parameters<'v> {
    type Item = Result<Parameter<'v>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let parameter = self.read();
        if parameter.is_err() {
            self.0 = b"";
        }
        parameter.transpose()
    }
}

/// Where the quote is that no backslash stands before.
fn end_of_quoted(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', &text[at..])?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += if matches!(text.get(at + 1), Some(b'"' | b'\\')) { 2 } else { 1 };
    }
}

impl Parameter<'_> {
    /// The value. A backslash escapes a quote and another backslash; before anything else it is one, because file names
    /// hold them.
    pub(super) fn value(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(self.raw.len());
        let mut bytes = self.raw.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            let escapes = self.is_quoted && byte == b'\\';
            match bytes.next_if(|next| escapes && matches!(next, b'"' | b'\\')) {
                Some(escaped) => value.push(escaped),
                None => value.push(byte),
            }
        }
        value
    }

    /// The value as a form has it; `None` if it is not UTF-8.
    pub(super) fn form_text(&self) -> Option<String> {
        let text = String::from_utf8(self.value()).ok()?;
        Some(if self.is_quoted { unescape(text) } else { text })
    }

    /// The value as RFC 8187 has it: `UTF-8'en'caf%C3%A9`.
    pub(super) fn extended_text(&self) -> Option<String> {
        let value = self.value();
        let mut parts = value.splitn(3, |byte| *byte == b'\'');
        let (charset, _, encoded) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes: Cow<'_, [u8]> = percent_decode(encoded).into();
        if charset.eq_ignore_ascii_case(b"utf-8") {
            return String::from_utf8(bytes.into_owned()).ok();
        }
        let is_latin = charset.eq_ignore_ascii_case(b"iso-8859-1");
        is_latin.then(|| bytes.iter().copied().map(char::from).collect())
    }
}

/// What must not stand in a name as it is, and what stands there instead. As the HTML standard has it: nothing else is escaped,
/// not even the percent sign.
const ESCAPES: [(char, &str); 3] = [('"', "%22"), ('\r', "%0D"), ('\n', "%0A")];

/// Writes a name so that it cannot end the text that it stands in, or its line.
pub(in super::super) fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match ESCAPES.iter().find(|(special, _)| *special == character) {
            Some((_, escaped)) => out.push_str(escaped),
            None => out.push(character),
        }
    }
}

/// Undoes [`escape`].
fn unescape(text: String) -> String {
    if !text.contains('%') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = ESCAPES.iter().find(|(_, escaped)| {
            rest.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(escaped))
        });
        let (character, length) = known.map_or(('%', 1), |(special, _)| (*special, 3));
        out.push(character);
        rest = &rest[length..];
    }
    out + rest
}
