//! `application/x-www-form-urlencoded` text, read into a type with serde.
//!
//! One level deep: names are fields, and a value is text, something written as text, or (a name given several times)
//! a sequence of these.

use std::borrow::Cow;
use std::fmt;

use memchr::{memchr, memchr2};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::number;

/// The most values that are read. Tornado has the same limit; without one a body of a few megabytes is a million
/// values (CVE-2026-82397).
const MOST_VALUES: usize = 1000;

/// Reads a query or a form. What has to be decoded is kept by `keep`, so that a `T` may borrow either way.
pub(super) fn from_str<'de, T: Deserialize<'de>>(
    text: &'de str,
    keep: impl FnOnce(Box<[String]>) -> &'de [String],
) -> Result<T, FormError> {
    let mut raw = Vec::new();
    let mut decoded = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        if raw.len() == MOST_VALUES {
            return Err(FormError::plain(format!("more than {MOST_VALUES} values")));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name).ok_or_else(|| FormError::plain("a name is not UTF-8"))?;
        let Some(value) = decode(value) else {
            return Err(FormError { field: Some(name.into_owned()), reason: "not UTF-8".into() });
        };
        let mut part = |text| match text {
            Cow::Borrowed(text) => Some(text),
            Cow::Owned(text) => {
                decoded.push(text);
                None
            }
        };
        raw.push((part(name), part(value)));
    }
    let mut kept = if decoded.is_empty() { [].iter() } else { keep(decoded.into()).iter() };
    let mut text = |part: Option<&'de str>| {
        part.or_else(|| kept.next().map(String::as_str)).unwrap_or_default()
    };
    from_pairs(raw.into_iter().map(|(name, value)| (text(name), text(value))).collect())
}

/// Reads names and values that were decoded already.
pub(super) fn from_pairs<'de, T: Deserialize<'de>>(pairs: Vec<Pair<'de>>) -> Result<T, FormError> {
    T::deserialize(Pairs(pairs))
}

/// The field that could not be read, if one is to blame, and the reason.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FormError {
    pub(super) field: Option<String>,
    pub(super) reason: Cow<'static, str>,
}

impl FormError {
    fn plain(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { field: None, reason: reason.into() }
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for FormError {}

impl de::Error for FormError {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::plain(reason.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self { field: Some(field.into()), reason: "missing".into() }
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self { field: Some(field.into()), reason: "unknown".into() }
    }
}

type Pair<'de> = (&'de str, &'de str);

/// The percent-decoded text, with a space for every `+`; `None` if it is not UTF-8.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if memchr2(b'+', b'%', text.as_bytes()).is_none() {
        return Some(text.into());
    }
    if memchr(b'+', text.as_bytes()).is_none() {
        return percent_decode_str(text).decode_utf8().ok();
    }
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8().ok()? {
        Cow::Owned(decoded) => Some(decoded.into()),
        Cow::Borrowed(_) => Some(spaced.into()),
    }
}

/// The whole text: a map, or a sequence of pairs.
struct Pairs<'de>(Vec<Pair<'de>>);

impl<'de> Deserializer<'de> for Pairs<'de> {
    type Error = FormError;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, FormError> {
        // Brings the values of a name together and, being stable, keeps their order.
        self.0.sort_by_key(|(name, _)| *name);
        visitor.visit_map(Groups { rest: &self.0, values: &[] })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_seq(MapDeserializer::new(
            self.0.into_iter().map(|(name, value)| (Text(name), Text(value))),
        ))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormError> {
        if self.0.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, FormError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FormError> {
        self.0.sort_by_key(|(name, _)| *name);
        visitor.visit_enum(MapAccessDeserializer::new(Groups { rest: &self.0, values: &[] }))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

/// Name by name, with all values of the name.
struct Groups<'a, 'de> {
    rest: &'a [Pair<'de>],
    values: &'a [Pair<'de>],
}

impl<'de> MapAccess<'de> for Groups<'_, 'de> {
    type Error = FormError;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, FormError> {
        let Some((name, _)) = self.rest.first() else {
            return Ok(None);
        };
        let same = self.rest.iter().take_while(|(other, _)| other == name).count();
        (self.values, self.rest) = self.rest.split_at(same);
        seed.deserialize(Text(name)).map(Some)
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, FormError> {
        seed.deserialize(Values(self.values)).map_err(|error| match (error.field, self.values) {
            (None, [(name, _), ..]) => {
                FormError { field: Some((*name).to_owned()), reason: error.reason }
            }
            (field, _) => FormError { field, reason: error.reason },
        })
    }
}

/// All values of one name.
struct Values<'a, 'de>(&'a [Pair<'de>]);

impl<'de> Values<'_, 'de> {
    /// The last, as Tornado has it.
    fn last(&self) -> &'de str {
        self.0.last().map(|(_, value)| *value).unwrap_or_default()
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $parse:expr;)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormError> {
            visitor.$visit($parse(self.last()).map_err(FormError::plain)?)
        })+
    };
}

impl<'de> Deserializer<'de> for Values<'_, 'de> {
    type Error = FormError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_borrowed_str(self.last())
    }

    parsed! {
        deserialize_bool visit_bool checkbox;
        deserialize_char visit_char number::character;
        deserialize_u8 visit_u8 number::integer;
        deserialize_u16 visit_u16 number::integer;
        deserialize_u32 visit_u32 number::integer;
        deserialize_u64 visit_u64 number::integer;
        deserialize_u128 visit_u128 number::integer;
        deserialize_i8 visit_i8 number::integer;
        deserialize_i16 visit_i16 number::integer;
        deserialize_i32 visit_i32 number::integer;
        deserialize_i64 visit_i64 number::integer;
        deserialize_i128 visit_i128 number::integer;
        deserialize_f32 visit_f32 number::float;
        deserialize_f64 visit_f64 number::float;
    }

    /// A browser sends a field that was left empty.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormError> {
        if self.0.iter().all(|(_, value)| value.is_empty()) {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_seq(SeqDeserializer::new(self.0.chunks(1).map(Values)))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, FormError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, FormError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormError> {
        if self.last().is_empty() { visitor.visit_unit() } else { self.deserialize_any(visitor) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FormError> {
        let variant: StrDeserializer<'_, FormError> = self.last().into_deserializer();
        visitor.visit_enum(variant)
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit_struct tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, FormError> for Values<'_, 'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// What a browser sends for a ticked checkbox without a value of its own is `on`.
fn checkbox(text: &str) -> Result<bool, &'static str> {
    if text == "on" { Ok(true) } else { number::boolean(text) }
}

/// One text. Serde's own deserializer for it has no borrowing `deserialize_any`.
struct Text<'de>(&'de str);

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = FormError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormError> {
        visitor.visit_borrowed_str(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, FormError> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests;
