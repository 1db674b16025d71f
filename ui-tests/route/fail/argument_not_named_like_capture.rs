use gustnado::{route, routes};

#[route("/user/{id}")]
async fn index(uid: u64) {
    drop(uid);
}

fn main() {
    drop(routes![index]);
}
