#![deny(warnings)]

use gustnado::{route, routes};

#[route("/")]
async fn showIndex() {}

fn main() {
    drop(routes![showIndex]);
}
