#![deny(warnings)]

use gustnado::{route, routes};

async fn other() {}

#[route("/")]
async fn index() {
    other();
}

fn main() {
    drop(routes![index]);
}
