use gustnado::{route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
impl Entry {
    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
