use gustnado::{route, routes};

#[route("/")]
#[route("/index")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
