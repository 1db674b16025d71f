use gustnado::route;

#[route("/")]
mod index {}

fn main() {}
