#![deny(warnings, dead_code)]

use gustnado::{authenticated, handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn get(&self) {}

    #[authenticated]
    async fn post(&mut self, body: String) -> String {
        body
    }

    #[gustnado::authenticated]
    fn delete(&self) {}
}

fn main() {
    assert_eq!(routes![Entry].len(), 1);
}
