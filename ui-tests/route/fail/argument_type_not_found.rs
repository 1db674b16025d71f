use gustnado::{route, routes};

#[route("/")]
async fn index(db: &Db) {
    let _ = db;
}

fn main() {
    drop(routes![index]);
}
