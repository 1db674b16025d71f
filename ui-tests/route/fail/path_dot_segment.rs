use gustnado::{route, routes};

#[route("/user/../files")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
