use gustnado::{route, routes};

#[route("/café")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
