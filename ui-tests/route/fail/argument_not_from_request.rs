use gustnado::{route, routes};

struct User;

#[route("/")]
async fn index(user: User) {
    drop(user);
}

fn main() {
    drop(routes![index]);
}
