use gustnado::{route, routes};

#[route("/user/{id}")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
