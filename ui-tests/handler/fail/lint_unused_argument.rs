#![deny(warnings)]

use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn get(&self, body: String) {}
}

fn main() {
    drop(routes![Entry]);
}
