use gustnado::{handler, route, routes};

struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
