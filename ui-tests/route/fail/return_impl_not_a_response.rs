use gustnado::{route, routes};

#[route("/")]
async fn index() -> impl Sized {}

fn main() {
    drop(routes![index]);
}
