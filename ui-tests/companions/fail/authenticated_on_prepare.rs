use gustnado::{authenticated, handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    #[authenticated]
    fn prepare(&mut self) {}

    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
