#![deny(warnings, dead_code)]

use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn get(&self) {}

    fn forgotten(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
