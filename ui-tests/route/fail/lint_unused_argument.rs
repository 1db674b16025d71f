#![deny(warnings)]

use gustnado::{route, routes};

#[route("/user/{id}")]
async fn user(id: u64) {}

fn main() {
    drop(routes![user]);
}
