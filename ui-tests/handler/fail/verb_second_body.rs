use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn post(&self, a: String, b: Vec<u8>) {
        drop((a, b));
    }
}

fn main() {
    drop(routes![Entry]);
}
