use gustnado::{route, routes};

#[route("/")]
async fn index() {}

struct User;

fn main() {
    drop(routes![index, User]);
}
