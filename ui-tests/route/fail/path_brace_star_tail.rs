use gustnado::{route, routes};

#[route("/files/{*path}")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
