use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn prepare(&mut self) -> u32 {
        7
    }

    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
