use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    const fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
