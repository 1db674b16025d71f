use gustnado::{Result, route, routes};

struct User;

#[route("/")]
async fn index() -> Result<User> {
    Ok(User)
}

fn main() {
    drop(routes![index]);
}
