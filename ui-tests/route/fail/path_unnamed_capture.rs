use gustnado::{route, routes};

#[route("/user/{}")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
