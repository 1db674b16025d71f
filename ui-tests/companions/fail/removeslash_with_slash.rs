use gustnado::{removeslash, route, routes};

#[route("/archive/")]
#[removeslash]
async fn index() {}

fn main() {
    drop(routes![index]);
}
