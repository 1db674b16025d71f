use gustnado::{route, routes};

#[route("/")]
fn index() -> u32 {
    7
}

fn main() {
    drop(routes![index]);
}
