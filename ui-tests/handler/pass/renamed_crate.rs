#![deny(warnings, dead_code)]

extern crate gustnado as web;

/// A crate that exports gustnado as a part of itself.
mod framework {
    pub use gustnado as g;
}

#[derive(Default)]
struct Entry;

#[web::route("/", crate = web)]
#[web::handler]
impl Entry {
    fn get(&self) {}
}

#[derive(Default)]
struct Page;

#[framework::g::handler(crate = framework::g, captures = [id])]
impl Page {
    async fn get(&self, id: u64) -> String {
        id.to_string()
    }
}

#[framework::g::handler(crate = framework::g)]
async fn about() {}

fn main() {
    assert_eq!(web::routes![Entry, "/{id}" => Page, "/about" => about].len(), 3);
}
