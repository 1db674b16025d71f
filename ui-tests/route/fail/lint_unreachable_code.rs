#![deny(warnings)]

use gustnado::{route, routes};

#[route("/")]
async fn index() {
    return;
    println!();
}

fn main() {
    drop(routes![index]);
}
