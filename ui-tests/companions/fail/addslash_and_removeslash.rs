use gustnado::{addslash, removeslash, route, routes};

#[route("/a/")]
#[addslash]
#[removeslash]
async fn index() {}

fn main() {
    drop(routes![index]);
}
