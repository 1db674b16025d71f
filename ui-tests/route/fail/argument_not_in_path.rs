use gustnado::{route, routes};

#[route("/")]
async fn index(id: u64) {
    let _ = id;
}

fn main() {
    drop(routes![index]);
}
