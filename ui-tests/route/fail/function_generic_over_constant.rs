use gustnado::{route, routes};

#[route("/")]
async fn index<const N: usize>() {}

fn main() {
    drop(routes![index]);
}
