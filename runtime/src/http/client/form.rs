//! Forms, as browsers send them.

#[macro_use]
mod kinds;
mod value;
mod whole;

use self::whole::Whole;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::ser::{self, Serialize};
use std::fmt;

/// What the URL standard leaves as it is, but for the space, which becomes `+`.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_').remove(b' ');

/// Writes `application/x-www-form-urlencoded`: a struct, a map, or a sequence of pairs. What is `None` is left out, and a sequence
/// of values repeats its name.
pub(super) fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, NoForm> {
    let mut out = String::new();
    value.serialize(Whole { out: &mut out })?;
    Ok(out)
}

/// Why a value has no form.
#[derive(Debug)]
pub(super) struct NoForm(String);

impl fmt::Display for NoForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoForm {}

impl ser::Error for NoForm {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

fn no_form<T>(what: &str) -> Result<T, NoForm> {
    Err(NoForm(format!("{what} has no place in a form")))
}

fn put(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    for (text, separator) in [(name, "="), (value, "")] {
        for (index, word) in text.split(' ').enumerate() {
            if index > 0 {
                out.push('+');
            }
            out.extend(utf8_percent_encode(word, ENCODED));
        }
        out.push_str(separator);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;
    use std::collections::BTreeMap;

    #[derive(Serialize)]
    struct Search<'a> {
        query: &'a str,
        page: Option<u32>,
        tags: Vec<&'a str>,
        exact: bool,
        order: Order,
    }

    #[derive(Serialize)]
    enum Order {
        Newest,
        By(u32),
    }

    #[test]
    fn structs_maps_and_pairs_are_forms() {
        let mut search = Search {
            query: "a b&c=\u{e9}~*",
            page: None,
            tags: vec!["x", "y"],
            exact: true,
            order: Order::Newest,
        };
        let text = to_string(&search).unwrap();
        assert_eq!(text, "query=a+b%26c%3D%C3%A9%7E*&tags=x&tags=y&exact=true&order=Newest");
        search.page = Some(2);
        search.tags.clear();
        assert!(to_string(&search).unwrap().contains("&page=2&exact"));
        assert_eq!(to_string(&BTreeMap::from([("b", 2), ("a", 1)])).unwrap(), "a=1&b=2");
        assert_eq!(to_string(&[("a", "1"), ("a", "2")]).unwrap(), "a=1&a=2");
        assert_eq!(to_string(&vec![("f", 0.1_f32), ("+", -1.5)]).unwrap(), "f=0.1&%2B=-1.5");
        assert_eq!(to_string(&[(1, 'x')]).unwrap(), "1=x");
        assert_eq!(to_string(&()).unwrap(), "");
        assert_eq!(to_string::<[(u8, u8)]>(&[]).unwrap(), "");
    }

    #[test]
    fn what_has_no_name_or_many_parts_is_no_form() {
        assert!(to_string("text").is_err());
        assert!(to_string(&[1, 2]).is_err());
        assert!(to_string(&[("a", 1, 2)]).is_err());
        assert!(to_string(&[(["a", "b"], 1)]).is_err());
        assert!(to_string(&BTreeMap::from([("a", BTreeMap::from([("b", 1)]))])).is_err());
        assert!(to_string(&[("a", Order::By(1))]).is_err());
        assert!(to_string(&[(None::<u8>, 1)]).is_err());
    }
}
