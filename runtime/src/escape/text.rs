//! Text, bytes and white space.

use std::str::Utf8Error;

/// The text with each run of white space and control characters (U+0000 to U+0020) replaced by one space, and none at its ends.
///
/// ```
/// use gustnado::escape::squeeze;
///
/// assert_eq!(squeeze("  sequences \r\n\t of    white space "), "sequences of white space");
/// ```
pub fn squeeze(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for word in text.split(|c: char| c <= ' ').filter(|word| !word.is_empty()) {
        if !squeezed.is_empty() {
            squeezed.push(' ');
        }
        squeezed.push_str(word);
    }
    squeezed.trim().to_owned()
}

/// The UTF-8 of a text. Here for who comes from Tornado: in Rust a text is its UTF-8.
///
/// ```
/// assert_eq!(gustnado::escape::utf8("é"), [0xc3, 0xa9]);
/// ```
pub fn utf8(text: &(impl AsRef<[u8]> + ?Sized)) -> &[u8] {
    text.as_ref()
}

/// The text that the bytes are the UTF-8 of.
///
/// # Errors
///
/// They are not UTF-8.
///
/// ```
/// assert_eq!(gustnado::escape::to_unicode(&[0xc3, 0xa9])?, "é");
/// assert!(gustnado::escape::to_unicode(&[0xe9]).is_err());
/// # Ok::<(), std::str::Utf8Error>(())
/// ```
pub fn to_unicode(bytes: &[u8]) -> Result<&str, Utf8Error> {
    std::str::from_utf8(bytes)
}
