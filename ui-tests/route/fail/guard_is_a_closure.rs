use gustnado::prelude::*;

#[route("/", guard = |request| true)]
async fn index() {}

fn main() {
    let _ = routes![index];
}
