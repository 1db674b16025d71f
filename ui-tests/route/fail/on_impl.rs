use gustnado::route;

struct Index;

#[route("/")]
impl Index {}

fn main() {}
