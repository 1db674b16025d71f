use gustnado::{addslash, handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    #[addslash]
    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
