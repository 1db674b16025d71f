#![deny(warnings, dead_code)]

use gustnado::http::Request;
use gustnado::{Context, handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/{name}")]
#[handler]
impl Entry {
    async fn get<'r>(&mut self, name: &'r str, cx: &'r Context, request: &'r Request) -> String {
        gustnado::coroutine::moment().await;
        [name, cx.path(), request.path()].concat()
    }

    fn post(&mut self, name: &str, body: &str) -> String {
        [name, body].concat()
    }
}

fn main() {
    assert_eq!(routes![Entry].len(), 1);
}
