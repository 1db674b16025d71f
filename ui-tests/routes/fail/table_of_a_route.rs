use gustnado::{route, routes};

#[route("/")]
async fn about() {}

fn main() {
    drop(routes!["/about" => about]);
}
