use gustnado::{route, routes};

#[route("/")]
extern "C" fn index() {}

fn main() {
    drop(routes![index]);
}
