#![deny(warnings, dead_code)]

use gustnado::{route, routes};

const LIMIT: u64 = 10 * 1024;

#[route(
    "/form",
    method = POST,
    name = "the form",
    max_body_size = LIMIT * 2,
    finish_on_disconnect,
    crate = gustnado,
)]
async fn form(text: String) -> String {
    text
}

#[route("/both", methods = [GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS])]
async fn both() {}

#[route("/flag", finish_on_disconnect = false, max_body_size = 1_000)]
async fn flag() {}

fn main() {
    let routes = routes![form, both, flag];
    assert_eq!(routes[0].name(), "the form");
    assert_eq!(routes[1].name(), "both");
}
