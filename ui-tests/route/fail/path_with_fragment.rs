use gustnado::{route, routes};

#[route("/entry#comments")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
