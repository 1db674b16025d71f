use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn get(self) {}
}

fn main() {
    drop(routes![Entry]);
}
