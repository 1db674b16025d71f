use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    pub fn gett(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
