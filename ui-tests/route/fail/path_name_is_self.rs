use gustnado::{route, routes};

#[route("/user/{self}")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
