#![deny(warnings)]

use gustnado::{route, routes};

#[route("/")]
async fn index() {
    let forgotten = 7;
}

fn main() {
    drop(routes![index]);
}
