use gustnado::{route, routes};

#[route("/user/{id:[0-9]+}")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
