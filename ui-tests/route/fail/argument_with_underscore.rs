use gustnado::{route, routes};

#[route("/user/{id}")]
async fn index(_id: u64) {}

fn main() {
    drop(routes![index]);
}
