#![deny(warnings, dead_code)]

use gustnado::{Error, handler, route, routes};

#[derive(Default)]
struct Entry(u32);

#[route("/")]
#[handler]
impl Entry {
    fn set_default_headers(&mut self) {}

    fn prepare(&mut self) {
        self.0 += 1;
    }

    fn get(&self) -> String {
        self.0.to_string()
    }

    fn log_exception(&mut self, error: &Error) {
        eprintln!("{error}");
    }

    fn write_error(&self, error: &Error) -> String {
        error.to_string()
    }

    fn on_finish(&mut self) {}

    fn on_connection_close(&self) {}
}

fn main() {
    assert_eq!(routes![Entry].len(), 1);
}
