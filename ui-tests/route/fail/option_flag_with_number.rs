use gustnado::{route, routes};

#[route("/", finish_on_disconnect = 1)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
