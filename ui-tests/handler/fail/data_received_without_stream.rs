use bytes::Bytes;
use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn data_received(&mut self, chunk: Bytes) {
        drop(chunk);
    }

    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
