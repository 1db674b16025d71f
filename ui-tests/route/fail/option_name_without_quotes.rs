use gustnado::{route, routes};

#[route("/", name = index)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
