use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn get<T>(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
