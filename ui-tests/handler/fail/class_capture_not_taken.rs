use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/{slug}")]
#[handler]
impl Entry {
    fn get(&self) {}
    fn post(&self, sluq: u32) {
        let _ = sluq;
    }
}

fn main() {
    drop(routes![Entry]);
}
