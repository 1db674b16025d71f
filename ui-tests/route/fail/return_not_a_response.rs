use gustnado::{route, routes};

struct User;

#[route("/")]
async fn index() -> User {
    User
}

fn main() {
    drop(routes![index]);
}
