use gustnado::{route, routes};

struct User;

#[route("/")]
async fn index(users: Vec<User>) {
    drop(users);
}

fn main() {
    drop(routes![index]);
}
