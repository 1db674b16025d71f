#![deny(warnings, dead_code)]

use gustnado::{route, routes};

#[route("/")]
async fn index() {
    fn forgotten() {}
}

fn main() {
    drop(routes![index]);
}
