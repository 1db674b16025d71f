use gustnado::{handler, route};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Drop for Entry {
    fn drop(&mut self) {}
}

fn main() {
    drop(Entry);
}
