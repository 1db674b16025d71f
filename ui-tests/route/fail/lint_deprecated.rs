#![deny(warnings)]

use gustnado::{route, routes};

#[route("/")]
#[deprecated]
async fn index() {}

fn main() {
    drop(routes![index]);
}
