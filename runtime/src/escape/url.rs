//! Text in URLs.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// What stands for itself in every part of a URL: letters, digits and `-._~` (RFC 3986 §2.3). A space becomes a `+` later.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &COMPONENT.remove(b'/');
const FORM: &AsciiSet = &COMPONENT.remove(b' ');

/// The value as a part of a query or a form: a space is `+`, a slash `%2F`. Texts and bytes; a text is its UTF-8.
///
/// Tornado's `url_escape(value)`.
///
/// ```
/// use gustnado::escape::url_escape;
///
/// assert_eq!(url_escape("+ #%/é"), "%2B+%23%25%2F%C3%A9");
/// assert_eq!(url_escape([0xe9]), "%E9");
/// ```
pub fn url_escape(value: impl AsRef<[u8]>) -> String {
    percent_encode(value.as_ref(), FORM).to_string().replace(' ', "+")
}

/// The value as a part of a path: a space is `%20`, and a slash stays one.
///
/// Tornado's `url_escape(value, plus=False)`.
///
/// ```
/// use gustnado::escape::url_escape_path;
///
/// assert_eq!(url_escape_path("a b/c+d"), "a%20b/c%2Bd");
/// ```
pub fn url_escape_path(value: impl AsRef<[u8]>) -> String {
    percent_encode(value.as_ref(), PATH).to_string()
}

/// What a part of a query or a form stands for: `+` is a space. Bytes that are not UTF-8 become U+FFFD; a `%` that two hexadecimal
/// digits do not follow stands for itself.
///
/// ```
/// use gustnado::escape::url_unescape;
///
/// assert_eq!(url_unescape("%2B+%23%25"), "+ #%");
/// assert_eq!(url_unescape("100%"), "100%");
/// ```
pub fn url_unescape(value: impl AsRef<[u8]>) -> String {
    into_text(url_unescape_bytes(value))
}

/// What a part of a path stands for: `+` stands for itself. Otherwise as [`url_unescape`].
///
/// ```
/// use gustnado::escape::url_unescape_path;
///
/// assert_eq!(url_unescape_path("a+b%20c"), "a+b c");
/// ```
pub fn url_unescape_path(value: impl AsRef<[u8]>) -> String {
    into_text(url_unescape_path_bytes(value))
}

/// The bytes that [`url_unescape`] makes a text of. Tornado's `encoding=None`.
///
/// ```
/// use gustnado::escape::url_unescape_bytes;
///
/// assert_eq!(url_unescape_bytes("%E9+"), b"\xe9 ");
/// ```
pub fn url_unescape_bytes(value: impl AsRef<[u8]>) -> Vec<u8> {
    let value = value.as_ref();
    if !value.contains(&b'+') {
        return percent_decode(value).collect();
    }
    let spaced: Vec<u8> = value.iter().map(|&b| if b == b'+' { b' ' } else { b }).collect();
    percent_decode(&spaced).collect()
}

/// The bytes that [`url_unescape_path`] makes a text of.
///
/// ```
/// use gustnado::escape::url_unescape_path_bytes;
///
/// assert_eq!(url_unescape_path_bytes("%E9+"), b"\xe9+");
/// ```
pub fn url_unescape_path_bytes(value: impl AsRef<[u8]>) -> Vec<u8> {
    percent_decode(value.as_ref()).collect()
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
