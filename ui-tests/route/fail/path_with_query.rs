use gustnado::{route, routes};

#[route("/search?q={q}")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
