use gustnado::{get, handler, routes};

#[derive(Default)]
struct Entry;

#[get("/")]
#[handler]
impl Entry {
    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
