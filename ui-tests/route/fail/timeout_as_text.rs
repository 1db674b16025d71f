use gustnado::prelude::*;

#[route("/", timeout = "5s")]
async fn index() {}

fn main() {
    let _ = routes![index];
}
