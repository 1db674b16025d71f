use gustnado::{route, routes};

#[route("/", crate = no_such_crate)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
