use gustnado::{route, routes};

struct User;

#[route("/")]
async fn index() -> Vec<User> {
    Vec::new()
}

fn main() {
    drop(routes![index]);
}
