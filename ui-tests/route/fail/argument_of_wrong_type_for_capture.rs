use gustnado::{route, routes};

struct User;

#[route("/user/{id}")]
async fn index(id: User) {
    drop(id);
}

fn main() {
    drop(routes![index]);
}
