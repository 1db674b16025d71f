#![deny(warnings, dead_code)]

use gustnado::{Method, route, routes};

#[route("/")]
async fn index() -> &'static str {
    "Hello, world"
}

#[route("/plain")]
fn plain() -> String {
    String::from("Hello, world")
}

#[route("/nothing")]
async fn nothing() {}

fn main() {
    let routes = routes![index, plain, nothing];
    let paths: Vec<_> = routes.iter().map(|route| route.path()).collect();
    assert_eq!(paths, ["/", "/plain", "/nothing"]);
    assert_eq!(routes[0].name(), "index");
    assert!(routes[0].location().file.ends_with("plain_and_async.rs"));
    assert_eq!(routes[0].location().line, 5);
    let _ = Method::GET;
}
