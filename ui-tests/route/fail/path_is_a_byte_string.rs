use gustnado::{route, routes};

#[route(b"/")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
