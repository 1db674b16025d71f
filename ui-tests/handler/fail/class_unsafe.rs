use gustnado::{handler, route};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
unsafe impl Entry {
    fn get(&self) {}
}

fn main() {
    drop(Entry);
}
