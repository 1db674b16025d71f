use gustnado::{route, routes};

#[route("/entry-{slug}")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
