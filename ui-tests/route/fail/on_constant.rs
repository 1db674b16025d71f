use gustnado::route;

#[route("/")]
const INDEX: u32 = 0;

fn main() {}
