use gustnado::{route, routes};

#[route("/")]
async unsafe fn index() {}

fn main() {
    drop(routes![index]);
}
