use gustnado::{route, routes};

#[route("/", method = GET, methods = [POST])]
async fn index() {}

fn main() {
    drop(routes![index]);
}
