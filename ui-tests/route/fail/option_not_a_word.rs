use gustnado::{route, routes};

#[route("/", = POST)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
