use gustnado::{route, routes};

#[route("/", max_body_size = "10 MB")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
