use gustnado::{route, routes};

#[route("/", methods = POST)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
