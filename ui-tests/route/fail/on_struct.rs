use gustnado::route;

#[route("/")]
struct Index;

fn main() {}
