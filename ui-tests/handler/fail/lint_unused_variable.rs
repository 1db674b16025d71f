#![deny(warnings)]

use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn get(&self) {
        let forgotten = 7;
    }
}

fn main() {
    drop(routes![Entry]);
}
