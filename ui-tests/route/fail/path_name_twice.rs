use gustnado::{route, routes};

#[route("/user/{id}/{id}")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
