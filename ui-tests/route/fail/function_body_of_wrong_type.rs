use gustnado::{route, routes};

#[route("/")]
async fn index() -> String {
    7
}

fn main() {
    drop(routes![index]);
}
