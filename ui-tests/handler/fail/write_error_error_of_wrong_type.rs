use gustnado::{HTTPError, handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn write_error(&mut self, error: &HTTPError) -> String {
        error.to_string()
    }

    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
