#![deny(warnings, dead_code)]

use std::borrow::Cow;

use gustnado::{Context, route, routes};

struct Db {
    name: String,
}

#[route("/a/{name}")]
async fn declared<'a, 'b: 'a>(db: &'b Db, name: &'a str, _: &'a (u8, &'static str)) -> String {
    [db.name.as_str(), name].concat()
}

#[route("/b/{name}")]
async fn elided(name: &str, cx: &Context) -> String {
    format!("{name} {}", cx.path())
}

#[route("/c")]
async fn with_static() -> Cow<'static, str> {
    "text".into()
}

fn main() {
    assert_eq!(routes![declared, elided, with_static].len(), 3);
}
