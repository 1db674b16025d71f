use gustnado::prelude::*;

#[route("/", accept = "text/html; charset=utf-8")]
async fn index() {}

fn main() {
    let _ = routes![index];
}
