use gustnado::{Error, handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/")]
#[handler]
impl Entry {
    fn write_error(&mut self, error: &Error) -> u16 {
        error.status().as_u16()
    }

    fn get(&self) {}
}

fn main() {
    drop(routes![Entry]);
}
