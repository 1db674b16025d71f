use gustnado::{route, routes};

#[route("/", methods = [GET, POST, GET])]
async fn index() {}

fn main() {
    drop(routes![index]);
}
