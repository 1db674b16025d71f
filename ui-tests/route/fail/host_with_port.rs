use gustnado::prelude::*;

#[route("/", host = "example.com:8080")]
async fn index() {}

fn main() {
    let _ = routes![index];
}
