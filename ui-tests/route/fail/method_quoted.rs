use gustnado::{route, routes};

#[route("/", method = "POST")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
