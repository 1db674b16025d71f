use gustnado::{route, routes};

#[route("/", method)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
