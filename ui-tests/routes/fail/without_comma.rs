use gustnado::{route, routes};

#[route("/")]
async fn index() {}

#[route("/other")]
async fn other() {}

fn main() {
    drop(routes![index other]);
}
