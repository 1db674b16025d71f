use gustnado::{route, routes};

struct Db;

#[route("/")]
async fn index(db: &'static Db) {
    let _ = db;
}

fn main() {
    drop(routes![index]);
}
