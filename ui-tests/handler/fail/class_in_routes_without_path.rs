use gustnado::{handler, routes};

#[derive(Default)]
struct Entry;

#[handler]
impl Entry {
    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
