use gustnado::{handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    async fn set_default_headers(&mut self) {}

    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
