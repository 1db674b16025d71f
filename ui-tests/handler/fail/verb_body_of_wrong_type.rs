use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    async fn get(&self) -> String {
        7
    }
}

fn main() {
    drop(routes![Entry]);
}
