use gustnado::{route, routes};

#[route("/")]
async fn index() {}

async fn other() {}

fn main() {
    drop(routes![index, other]);
}
