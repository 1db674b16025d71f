use gustnado::{authenticated, route, routes};

#[route("/")]
#[authenticated]
#[authenticated]
async fn index() {}

fn main() {
    drop(routes![index]);
}
