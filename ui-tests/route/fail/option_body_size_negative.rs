use gustnado::{route, routes};

#[route("/", max_body_size = -1)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
