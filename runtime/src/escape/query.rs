//! Queries and forms whose values are bytes.

use super::url::url_unescape_bytes;
use std::collections::BTreeMap;
use std::fmt;

/// Reads a query or a form, as [`ParseQs`] does with its defaults.
///
/// For typed arguments there are [`Query`](crate::Query) and [`Form`](crate::Form).
///
/// # Errors
///
/// More than 1000 fields.
///
/// ```
/// use gustnado::escape::parse_qs_bytes;
///
/// let query = parse_qs_bytes("a=1&b=%E9+&a=2&empty=")?;
/// assert_eq!(query["a"], [b"1", b"2"]);
/// assert_eq!(query["b"], [b"\xe9 "]);
/// assert!(!query.contains_key("empty"));
/// # Ok::<(), gustnado::escape::QueryStringError>(())
/// ```
pub fn parse_qs_bytes(
    query: impl AsRef<[u8]>,
) -> Result<BTreeMap<String, Vec<Vec<u8>>>, QueryStringError> {
    ParseQs::default().parse(query)
}

/// How to read a query or a form whose values may be any bytes. A name is read as Latin-1, which gives every byte a character.
///
/// ```
/// use gustnado::escape::ParseQs;
///
/// let query = ParseQs { keep_blank_values: true, ..ParseQs::default() }.parse("a=&b=1")?;
/// assert_eq!(query["a"], [b""]);
/// # Ok::<(), gustnado::escape::QueryStringError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ParseQs {
    /// Whether fields without a value are kept, with an empty one: not, unless set.
    pub keep_blank_values: bool,
    /// Whether a field without a `=`, also an empty one, is an error: not, unless set.
    pub strict_parsing: bool,
    /// The most fields there may be, counted by their `&`: 1000 unless set. (CVE-2026-82397: a few megabytes are a million fields.)
    pub max_num_fields: usize,
}

impl Default for ParseQs {
    fn default() -> Self {
        Self { keep_blank_values: false, strict_parsing: false, max_num_fields: 1000 }
    }
}

impl ParseQs {
    /// The values of each name, in their order.
    ///
    /// # Errors
    ///
    /// Too many fields; with `strict_parsing`, one without a `=`.
    pub fn parse(
        &self,
        query: impl AsRef<[u8]>,
    ) -> Result<BTreeMap<String, Vec<Vec<u8>>>, QueryStringError> {
        let query = query.as_ref();
        let mut found: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        if query.is_empty() {
            return Ok(found);
        }
        if query.split(|byte| *byte == b'&').nth(self.max_num_fields).is_some() {
            return Err(QueryStringError::TooManyFields);
        }
        for field in query.split(|byte| *byte == b'&') {
            let equals = field.iter().position(|byte| *byte == b'=');
            if equals.is_none() && self.strict_parsing {
                return Err(QueryStringError::NoValue);
            }
            let (name, value) = field.split_at(equals.unwrap_or(field.len()));
            let value = value.get(1..).unwrap_or_default();
            if field.is_empty() || value.is_empty() && !self.keep_blank_values {
                continue;
            }
            let name = url_unescape_bytes(name).into_iter().map(char::from).collect();
            found.entry(name).or_default().push(url_unescape_bytes(value));
        }
        Ok(found)
    }
}

/// Why a query was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryStringError {
    /// It has more fields than it may.
    TooManyFields,
    /// A field has no `=`, and the parsing is strict.
    NoValue,
}

impl fmt::Display for QueryStringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyFields => "too many fields",
            Self::NoValue => "a field without a value",
        })
    }
}

impl std::error::Error for QueryStringError {}
