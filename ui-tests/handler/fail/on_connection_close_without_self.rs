use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn on_connection_close() {}

    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
