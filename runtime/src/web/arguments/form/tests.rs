use std::collections::BTreeMap;

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
struct Search<'q> {
    q: &'q str,
    page: Option<u32>,
    #[serde(default)]
    tag: Vec<String>,
    #[serde(default)]
    exact: bool,
    #[serde(default)]
    order: Order,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Newest,
    Oldest,
}

fn from_str<T: Deserialize<'static>>(text: &'static str) -> Result<T, FormError> {
    super::from_str(text, |decoded| Box::leak(decoded))
}

fn error(text: &'static str) -> String {
    from_str::<Search<'_>>(text).unwrap_err().to_string()
}

#[test]
fn reads_fields_by_name() {
    let search = from_str::<Search<'_>>("tag=a&page=2&q=rust&tag=b%20c+d&exact=on&order=oldest");
    let expected = Search {
        q: "rust",
        page: Some(2),
        tag: vec!["a".into(), "b c d".into()],
        exact: true,
        order: Order::Oldest,
    };
    assert_eq!(search, Ok(expected));
}

#[test]
fn borrows_text_that_had_to_be_decoded() {
    assert_eq!(from_str::<Search<'_>>("%71=a+b").unwrap().q, "a b");
    assert_eq!(from_str::<Search<'_>>("x%20=1&q=%C3%A9&%20=").unwrap().q, "\u{e9}");
}

#[test]
fn the_last_value_of_a_name_counts() {
    assert_eq!(from_str::<Search<'_>>("q=a&q=b").unwrap().q, "b");
}

#[test]
fn an_empty_value_is_no_value_for_an_option() {
    assert_eq!(from_str::<Search<'_>>("q=&page=").unwrap().page, None);
}

#[test]
fn errors_name_the_field_and_the_reason() {
    assert_eq!(error("page=1"), "q: missing");
    assert_eq!(error("q=a&page=+1"), "page: not a whole number");
    assert_eq!(error("q=a&page=4294967296"), "page: a number out of range");
    assert_eq!(error("q=%ff"), "q: not UTF-8");
    assert!(error("q=a&order=x").starts_with("order: unknown variant `x`"));
}

#[test]
fn unknown_names_are_ignored_unless_denied() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {}
    assert!(from_str::<Search<'_>>("q=a&other=b").is_ok());
    assert_eq!(from_str::<Strict>("x=1").unwrap_err().to_string(), "x: unknown");
}

#[test]
fn maps_and_pairs_work_too() {
    let map = from_str::<BTreeMap<String, String>>("b=2&&a=1&c").unwrap();
    let expected = [("a", "1"), ("b", "2"), ("c", "")];
    assert!(map.iter().map(|(name, value)| (&**name, &**value)).eq(expected));
    let pairs = from_str::<Vec<(String, u8)>>("b=2&a=1&b=3").unwrap_err();
    assert!(pairs.reason.contains("invalid type"), "{pairs}");
    let pairs = from_str::<Vec<(String, String)>>("b=2&a=1&b=3").unwrap();
    assert_eq!(pairs[2], ("b".into(), "3".into()));
}

#[test]
fn more_than_a_thousand_values_are_refused() {
    let text = |count| &*vec!["q=1"; count].join("&").leak();
    assert!(from_str::<Search<'_>>(text(1000)).is_ok());
    assert_eq!(error(text(1001)), "more than 1000 values");
}

#[test]
fn no_nesting() {
    #[derive(Debug, Deserialize)]
    struct Outer {
        #[serde(rename = "inner")]
        _inner: Inner,
    }
    #[derive(Debug, Deserialize)]
    struct Inner {}
    assert!(from_str::<Outer>("inner=1").is_err());
}

#[test]
fn newtypes_are_transparent() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Id(u64);
    #[derive(Debug, Deserialize, PartialEq)]
    struct Wanted {
        id: Id,
    }
    assert_eq!(from_str("id=7"), Ok(Wanted { id: Id(7) }));
}
