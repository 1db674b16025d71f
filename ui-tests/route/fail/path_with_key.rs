use gustnado::{route, routes};

#[route(path = "/")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
