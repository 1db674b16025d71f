#![deny(warnings, dead_code)]

extern crate gustnado as web;

/// A crate that exports gustnado as a part of itself.
mod framework {
    pub use gustnado as g;
}

#[web::route("/", crate = web)]
async fn index() {}

#[framework::g::get("/user/{id}", crate = framework::g)]
async fn user(id: u64) -> String {
    id.to_string()
}

mod inner {
    #[gustnado::route("/inner", crate = crate::framework::g)]
    pub async fn inner() {}
}

fn main() {
    assert_eq!(web::routes![index, user].len(), 2);
    assert_eq!(framework::g::routes![index, inner::inner].len(), 2);
}
