use gustnado::{route, routes};

#[route("/", method = post)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
