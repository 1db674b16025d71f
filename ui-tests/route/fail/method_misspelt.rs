use gustnado::{route, routes};

#[route("/", method = PSOT)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
