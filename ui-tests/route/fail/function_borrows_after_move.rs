use gustnado::{route, routes};

#[route("/")]
async fn index(name: String) -> String {
    drop(name);
    name
}

fn main() {
    drop(routes![index]);
}
