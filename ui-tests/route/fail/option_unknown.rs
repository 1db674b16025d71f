use gustnado::{route, routes};

#[route("/", guard = admin)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
