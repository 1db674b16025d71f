use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    async fn get(&self) -> Result<(), Entry> {
        Err(Entry)
    }
}

fn main() {
    drop(routes![Entry]);
}
