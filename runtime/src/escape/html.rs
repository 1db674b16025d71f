//! Text in HTML and XML.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Escapes text so that it is nothing but text in HTML and XML, also inside of a quoted attribute: `&`, `<`, `>`, `"` and `'`.
///
/// What needs no escaping is borrowed.
///
/// ```
/// use gustnado::escape::xhtml_escape;
///
/// assert_eq!(xhtml_escape("<>&\"'"), "&lt;&gt;&amp;&quot;&#x27;");
/// ```
pub fn xhtml_escape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.bytes().position(|byte| reference(byte).is_some()) else {
        return Cow::Borrowed(text);
    };
    let mut escaped = String::with_capacity(text.len() + 16);
    escaped.push_str(&text[..first]);
    let mut rest = first;
    for (at, byte) in text.bytes().enumerate().skip(first) {
        if let Some(reference) = reference(byte) {
            escaped.push_str(&text[rest..at]);
            escaped.push_str(reference);
            rest = at + 1;
        }
    }
    escaped.push_str(&text[rest..]);
    Cow::Owned(escaped)
}

fn reference(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'&' => "&amp;",
        b'<' => "&lt;",
        b'>' => "&gt;",
        b'"' => "&quot;",
        b'\'' => "&#x27;",
        _ => return None,
    })
}

/// The text that HTML stands for: the references by name (`&eacute;`, and those of old that need no semicolon), by decimal and by
/// hexadecimal number, as the HTML standard reads them. What is no reference is left alone.
///
/// A number that is no character is U+FFFD, one that stands for a control character of Windows-1252 the character meant, and another
/// control or non-character is dropped, as in Tornado.
///
/// ```
/// use gustnado::escape::xhtml_unescape;
///
/// assert_eq!(xhtml_unescape("caf&eacute; &#x26; &#98;ar &copy 2026 &nonsense;"), "café & bar © 2026 &nonsense;");
/// ```
pub fn xhtml_unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else {
        return Cow::Borrowed(text);
    };
    let mut plain = String::with_capacity(text.len());
    plain.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(body) = rest.strip_prefix('&') {
        let taken = match body.strip_prefix('#') {
            Some(number) => numeric(number, &mut plain).map(|length| length + 1),
            None => named(body, &mut plain),
        };
        rest = match taken {
            Some(length) => &body[length..],
            None => {
                plain.push('&');
                body
            }
        };
        let next = rest.find('&').unwrap_or(rest.len());
        plain.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    Cow::Owned(plain)
}

/// Reads what follows `&#`; returns its length.
fn numeric(text: &str, plain: &mut String) -> Option<usize> {
    let (marker, radix) = if text.starts_with(['x', 'X']) { (1, 16) } else { (0, 10) };
    let digits = &text[marker..];
    let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    if length == 0 {
        return None;
    }
    let number = digits.chars().take(length).filter_map(|digit| digit.to_digit(radix));
    let number = number.fold(0_u32, |n, digit| n.saturating_mul(radix).saturating_add(digit));
    plain.extend(character(number));
    Some(marker + length + usize::from(digits[length..].starts_with(';')))
}

/// The character that a number stands for.
fn character(number: u32) -> Option<char> {
    match number {
        0 => Some('\u{fffd}'),
        0x80..=0x9f => Some(WINDOWS_1252[number as usize - 0x80]),
        0x01..=0x08 | 0x0b | 0x0e..=0x1f | 0x7f | 0xfdd0..=0xfdef => None,
        _ if number <= 0x0010_ffff && number & 0xfffe == 0xfffe => None,
        _ => Some(char::from_u32(number).unwrap_or('\u{fffd}')),
    }
}

/// What old pages mean by the numbers from 0x80 on. (HTML, "numeric character reference end state".)
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The longest name is 32 bytes with its semicolon.
const LONGEST_NAME: usize = 32;

/// Reads what follows `&`; returns its length.
fn named(text: &str, plain: &mut String) -> Option<usize> {
    let bytes = text.as_bytes();
    let length = bytes.iter().take(LONGEST_NAME).take_while(|byte| byte.is_ascii_alphanumeric());
    let length = length.count();
    let with_semicolon = length + usize::from(bytes.get(length) == Some(&b';'));
    // A name without a semicolon may be the beginning of a word: the longest that is known counts.
    let mut lengths = std::iter::once(with_semicolon).chain((2..=length).rev());
    lengths.find_map(|length| {
        plain.push_str(ENTITIES.get(&text[..length])?);
        Some(length)
    })
}

/// The names of the HTML standard, with their semicolons, and what they stand for.
static ENTITIES: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let (name, numbers) = line.split_once(' ')?;
        let number = |number| char::from_u32(u32::from_str_radix(number, 16).ok()?);
        Some((name, numbers.split(' ').filter_map(number).collect()))
    };
    include_str!("entities.txt").lines().filter_map(line).collect()
});
