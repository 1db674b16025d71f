use gustnado::{route, routes};

#[route("users/{id}")]
async fn index(id: u64) {
    drop(id);
}

fn main() {
    drop(routes![index]);
}
