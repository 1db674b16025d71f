use gustnado::{handler, route, routes, stream_request_body};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
#[stream_request_body]
impl Entry {
    fn data_received(&mut self) {}

    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
