use gustnado::{route, routes};

#[route("/", method = CONNECT)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
