use gustnado::{route, routes};

#[route("/user/{id/files")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
