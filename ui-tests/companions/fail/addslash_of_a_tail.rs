use gustnado::{addslash, route, routes};

#[route("/{path...}")]
#[addslash]
async fn index(path: String) {
    drop(path);
}

fn main() {
    drop(routes![index]);
}
