use gustnado::{route, routes};

#[route("/user/([0-9]+)")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
