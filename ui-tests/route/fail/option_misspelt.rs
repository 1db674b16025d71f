use gustnado::{route, routes};

#[route("/", methd = POST)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
