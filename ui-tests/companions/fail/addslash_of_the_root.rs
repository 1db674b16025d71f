use gustnado::{addslash, route, routes};

#[route("/")]
#[addslash]
async fn index() {}

fn main() {
    drop(routes![index]);
}
