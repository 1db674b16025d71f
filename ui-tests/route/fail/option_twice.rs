use gustnado::{route, routes};

#[route("/", name = "a", name = "b")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
