#![deny(warnings, dead_code)]

//! The names that the expansion might use itself.

use gustnado::{Context, Method, route, routes};

#[route("/{cx}/{route}/{value}")]
async fn response(
    cx: u8,
    route: u16,
    value: u32,
    error: Method,
    text: &Context,
    a0: &Context,
    body: String,
    returned: &Context,
) -> String {
    format!("{cx} {route} {value} {error} {} {} {body} {}", text.path(), a0.path(), returned.path())
}

fn main() {
    assert_eq!(routes![response].len(), 1);
}
