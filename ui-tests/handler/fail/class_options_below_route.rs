use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler(name = "entry")]
impl Entry {
    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
