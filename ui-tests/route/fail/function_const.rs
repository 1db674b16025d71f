use gustnado::{route, routes};

#[route("/")]
const fn index() {}

fn main() {
    drop(routes![index]);
}
