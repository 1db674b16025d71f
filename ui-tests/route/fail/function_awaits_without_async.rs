use gustnado::{route, routes};

async fn other() {}

#[route("/")]
fn index() {
    other().await;
}

fn main() {
    drop(routes![index]);
}
