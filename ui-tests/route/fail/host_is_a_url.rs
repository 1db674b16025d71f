use gustnado::prelude::*;

#[route("/", host = "https://example.com/")]
async fn index() {}

fn main() {
    let _ = routes![index];
}
