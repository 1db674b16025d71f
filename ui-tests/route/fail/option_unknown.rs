use gustnado::{route, routes};

#[route("/", rank = 1)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
