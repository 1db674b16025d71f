#![deny(warnings)]

use gustnado::route;

#[route("/")]
async fn index() {}

fn main() {}
