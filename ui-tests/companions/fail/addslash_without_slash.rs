use gustnado::{addslash, route, routes};

#[route("/archive")]
#[addslash]
async fn index() {}

fn main() {
    drop(routes![index]);
}
