use gustnado::{route, routes};

#[route("/")]
async fn index() {}

fn main() {
    drop(routes![index, index]);
}
