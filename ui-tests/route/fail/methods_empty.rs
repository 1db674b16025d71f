use gustnado::{route, routes};

#[route("/", methods = [])]
async fn index() {}

fn main() {
    drop(routes![index]);
}
