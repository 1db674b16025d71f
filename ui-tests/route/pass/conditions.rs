#![deny(warnings, dead_code)]

use gustnado::prelude::*;

mod guards {
    pub fn is_member(request: &gustnado::http::Request) -> bool {
        request.header("x-member").is_some()
    }
}

#[route("/", host = "*.example.com", accept = "text/html", guard = guards::is_member, timeout = 2.5)]
async fn index() {}

const LIMIT: f64 = 5.0;

#[get("/", host = "[::1]", timeout = LIMIT)]
async fn local() {}

fn main() {
    assert!(Application::new(routes![index, local]).build().is_ok());
}
