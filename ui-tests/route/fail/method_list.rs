use gustnado::{route, routes};

#[route("/", method = [GET, POST])]
async fn index() {}

fn main() {
    drop(routes![index]);
}
