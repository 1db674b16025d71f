use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/{slug")]
#[handler]
impl Entry {
    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
