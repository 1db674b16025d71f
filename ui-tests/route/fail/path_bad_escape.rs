use gustnado::{route, routes};

#[route("/100%")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
