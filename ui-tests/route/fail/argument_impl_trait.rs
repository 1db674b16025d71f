use gustnado::{route, routes};

#[route("/")]
async fn index(name: impl Into<String>) {
    drop(name);
}

fn main() {
    drop(routes![index]);
}
