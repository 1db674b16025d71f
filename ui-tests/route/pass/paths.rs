#![deny(warnings, dead_code)]

use gustnado::{route, routes};

#[route("/user/{id}")]
async fn capture(id: u64) -> String {
    id.to_string()
}

#[route("/files/{path...}")]
async fn tail(path: String) -> String {
    path
}

#[route("/{year}/{month}/{slug}/")]
async fn several(slug: &str, month: u8, year: i32) -> String {
    format!("{year}-{month}: {slug}")
}

#[route(r"/caf%C3%A9/.well-known/a:b@c;d=e")]
async fn escaped() {}

fn main() {
    assert_eq!(routes![capture, tail, several, escaped].len(), 4);
}
