//! What must not be in a log.

use std::borrow::Cow;

/// Headers, whose values go on to the end of the line.
const HEADERS: [&str; 3] = ["authorization", "cookie", "x-xsrftoken"];

/// Parameters and fields; names that end with one of these count, too.
const FIELDS: [&str; 10] = [
    "x-csrftoken",
    "xsrf",
    "csrf",
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "session",
];

const STAND_IN: &str = "[redacted]";

/// Whether the value of a field with this name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    HEADERS.iter().chain(&FIELDS).any(|secret| name.ends_with(secret))
}

/// The text without the secrets that are named in it: the values of the headers `Authorization`, `Proxy-Authorization`, `Cookie`,
/// `Set-Cookie` and those of XSRF tokens, and of parameters whose names end with `xsrf`, `csrf`, `password`, `passwd`, `secret`,
/// `token`, `api_key`, `apikey` or `session`, in upper or lower case.
///
/// ```
/// use gustnado::log::redact;
///
/// assert_eq!(redact("GET /?page=1&_xsrf=2|ab&q=x"), "GET /?page=1&_xsrf=[redacted]&q=x");
/// assert_eq!(redact("Cookie: user=ada; theme=dark"), "Cookie: [redacted]");
/// assert_eq!(redact(r#"{"password": "correct horse", "name": "ada"}"#), r#"{"password": "[redacted]", "name": "ada"}"#);
/// ```
pub fn redact(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut clean = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = bytes[at..].iter().position(|byte| matches!(byte, b':' | b'=')) {
        let separator = at + found;
        at = separator + 1;
        let Some(is_header) = secret_before(&bytes[copied..separator]) else {
            continue;
        };
        let (start, end) = value_after(text, at, is_header);
        if start < end {
            clean.push_str(&text[copied..start]);
            clean.push_str(STAND_IN);
            (copied, at) = (end, end);
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[copied..]);
    Cow::Owned(clean)
}

/// Whether a text that ends in front of a `:` or `=` ends with the name of a secret, and whether that is a header.
fn secret_before(bytes: &[u8]) -> Option<bool> {
    let name = bytes.trim_ascii_end();
    let name = name.strip_suffix(b"\"").or_else(|| name.strip_suffix(b"'")).unwrap_or(name);
    let is_end = |secret: &&str| {
        let from = name.len().checked_sub(secret.len());
        from.is_some_and(|from| name[from..].eq_ignore_ascii_case(secret.as_bytes()))
    };
    if HEADERS.iter().any(&is_end) {
        return Some(true);
    }
    FIELDS.iter().any(is_end).then_some(false)
}

/// Where the value begins and ends that stands behind a `:` or `=`.
fn value_after(text: &str, at: usize, is_header: bool) -> (usize, usize) {
    let blanks = text[at..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let start = at + blanks;
    let rest = &text[start..];
    let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let is_end = |c: char| match c {
            '\r' | '\n' => true,
            _ => {
                !is_header
                    && matches!(c, '&' | ';' | ',' | '"' | '\'' | ')' | '}' | ']' | ' ' | '\t')
            }
        };
        return (start, rest.find(is_end).map_or(text.len(), |end| start + end));
    };
    let mut escaped = false;
    let end = rest[1..].find(|c| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    (start + 1, end.map_or(text.len(), |end| start + 1 + end))
}
