use gustnado::{route, routes};

#[route("/", name = "")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
