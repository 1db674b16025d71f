#![deny(warnings, dead_code)]

use gustnado::{handler, route, routes};

#[derive(Default)]
struct Counter {
    count: u32,
}

#[route("/count")]
#[handler]
impl Counter {
    fn prepare(&mut self) {
        self.count += 1;
    }

    fn get(&mut self) -> u32_as_text {
        u32_as_text::from(self.count.to_string())
    }
}

#[expect(non_camel_case_types)]
type u32_as_text = String;

fn main() {
    let mut counter = Counter::default();
    counter.prepare();
    assert_eq!(counter.get(), "1");
    assert_eq!(routes![Counter].len(), 1);
}
