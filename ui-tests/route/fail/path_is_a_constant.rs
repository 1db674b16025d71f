use gustnado::{route, routes};

const INDEX: &str = "/";

#[route(INDEX)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
