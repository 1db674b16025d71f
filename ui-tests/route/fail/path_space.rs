use gustnado::{route, routes};

#[route("/my files")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
