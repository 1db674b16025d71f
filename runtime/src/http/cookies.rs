//! The cookies of a request. RFC 6265 §5.4, read as browsers mean them.

use super::class::trim;
use std::borrow::Cow;
use std::fmt;

/// The cookies that a client has sent.
///
/// A semicolon always separates two cookies, even inside of quotes, because browsers see it so; whoever reads them
/// differently can be made to see a cookie that is none. A value in quotes is unquoted, with Python's `\"` and `\073`. Of several with one
/// name, the last counts. What is malformed is never an error: a cookie without `=` has the name `""`, and one that is not UTF-8 is
/// skipped.
///
/// ```
/// use gustnado::http::Cookies;
///
/// let cookies = Cookies::parse([&b"theme=dark; name=\"Ada\\073 L.\""[..]]);
/// assert_eq!(cookies.value("theme"), Some("dark"));
/// assert_eq!(cookies.value("name"), Some("Ada; L."));
/// assert_eq!(cookies.value("other"), None);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cookies<'r>(Vec<(&'r str, Cow<'r, str>)>);

impl<'r> Cookies<'r> {
    /// Reads the values of all `Cookie` headers, in one pass.
    pub fn parse(headers: impl IntoIterator<Item = &'r [u8]>) -> Self {
        let parts = headers.into_iter().flat_map(|header| header.split(|byte| *byte == b';'));
        Self(parts.filter_map(cookie).collect())
    }

    /// The value of the cookie of that name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.iter().filter(|(other, _)| *other == name).last().map(|(_, value)| value)
    }

    /// The names and values, in the order in which they were sent.
    pub fn iter(&self) -> impl Iterator<Item = (&'r str, &str)> {
        self.0.iter().map(|(name, value)| (*name, &**value))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The names only: values are secrets.
impl fmt::Debug for Cookies<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

fn cookie(part: &[u8]) -> Option<(&str, Cow<'_, str>)> {
    let (name, value) = match memchr::memchr(b'=', part) {
        Some(equals) => (trim(&part[..equals]), trim(&part[equals + 1..])),
        None => (&b""[..], trim(part)),
    };
    if name.is_empty() && value.is_empty() {
        return None;
    }
    let (name, value) = (std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?);
    let unquoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Some((name, unquoted.map_or(value.into(), unescape)))
}

/// Undoes Python's quoting: `\"`, and `\` with three octal digits for a character of Latin-1.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let digits = rest.as_bytes().first_chunk::<3>();
        let octal = digits.filter(|[high, digits @ ..]| {
            (b'0'..=b'3').contains(high) && digits.iter().all(|digit| (b'0'..=b'7').contains(digit))
        });
        if let Some([high, middle, low]) = octal {
            out.push(char::from((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0')));
            rest = &rest[3..];
        } else if let Some(escaped) = rest.chars().next() {
            out.push(escaped);
            rest = &rest[escaped.len_utf8()..];
        }
    }
    (out + rest).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Vec<(&str, String)> {
        let cookies = Cookies::parse([header.as_bytes()]);
        cookies.iter().map(|(name, value)| (name, value.to_owned())).collect()
    }

    fn cookie(name: &'static str, value: &str) -> (&'static str, String) {
        (name, value.to_owned())
    }

    /// The cases of Tornado's `httputil_test.py`, which are Django's.
    #[test]
    fn cookies_are_split_as_browsers_split_them() {
        for (header, expected) in [
            (
                "chips=ahoy; vienna=finger",
                vec![cookie("chips", "ahoy"), cookie("vienna", "finger")],
            ),
            ("keebler=\"E=mc2; L=\\\"Loves\\\"; fudge=\\012;\"", {
                vec![
                    cookie("keebler", "\"E=mc2"),
                    cookie("L", "\\\"Loves\\\""),
                    cookie("fudge", "\\012"),
                    cookie("", "\""),
                ]
            }),
            ("keebler=E=mc2", vec![cookie("keebler", "E=mc2")]),
            ("key:term=value:term", vec![cookie("key:term", "value:term")]),
            ("a=b; c=[; d=r; f=h", {
                vec![cookie("a", "b"), cookie("c", "["), cookie("d", "r"), cookie("f", "h")]
            }),
            ("a=b; Domain=example.com", vec![cookie("a", "b"), cookie("Domain", "example.com")]),
            ("=value", vec![cookie("", "value")]),
            ("abc", vec![cookie("", "abc")]),
            (" ; ;;=; = ", vec![]),
            ("a=\"b", vec![cookie("a", "\"b")]),
            ("a=\"", vec![cookie("a", "\"")]),
            ("a=\"\"", vec![cookie("a", "")]),
            (
                "hello=a; caf\u{e9}=\u{e9}",
                vec![cookie("hello", "a"), cookie("caf\u{e9}", "\u{e9}")],
            ),
        ] {
            assert_eq!(read(header), expected, "{header:?}");
        }
    }

    #[test]
    fn quoted_values_are_unquoted() {
        for (quoted, value) in [
            (r#""a\"b""#, "a\"b"),
            (r#""\073\054""#, ";,"),
            (r#""\303""#, "\u{c3}"),
            (r#""\400\08\""#, "40008"),
            (r#""\\\\""#, "\\\\"),
            (r#""\é\""#, "é"),
        ] {
            assert_eq!(read(&format!("a={quoted}"))[0].1, value, "{quoted}");
        }
    }

    #[test]
    fn the_last_of_a_name_counts() {
        let cookies = Cookies::parse([&b"a=1; b=2; a=3"[..], b"b=4"]);
        assert_eq!((cookies.value("a"), cookies.value("b")), (Some("3"), Some("4")));
    }

    #[test]
    fn what_is_no_text_is_skipped_alone() {
        let cookies = Cookies::parse([&b"a=\xff; b=2"[..]]);
        assert_eq!((cookies.value("a"), cookies.value("b")), (None, Some("2")));
        assert_eq!(format!("{cookies:?}"), r#"["b"]"#, "values are not shown");
    }

    #[test]
    fn unquoting_costs_what_a_value_is_long() {
        // CVE-2024-52804: a quadratic algorithm would take hours.
        let header = format!("a=\"{}\"", "\\\\".repeat(1_000_000));
        assert_eq!(read(&header)[0].1.len(), 1_000_000);
    }
}
