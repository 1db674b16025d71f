#![deny(warnings, dead_code)]

use gustnado::route;

#[route("/")]
async fn index() {}

fn main() {}
