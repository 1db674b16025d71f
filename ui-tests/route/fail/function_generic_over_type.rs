use gustnado::{route, routes};

#[route("/")]
async fn index<T: Default>() {}

fn main() {
    drop(routes![index]);
}
