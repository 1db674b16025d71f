use gustnado::prelude::*;

#[route("/", timeout = 0)]
async fn index() {}

fn main() {
    let _ = routes![index];
}
