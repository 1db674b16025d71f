use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

struct Id;

#[route("/{id}")]
#[handler]
impl Entry {
    fn get(&self, id: Id) {
        drop(id);
    }
}

fn main() {
    drop(routes![Entry]);
}
