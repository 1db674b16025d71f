use gustnado::{route, routes};

#[route("/", crate = "gustnado")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
