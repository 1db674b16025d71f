use gustnado::prelude::*;

#[route("/", host = "www.*.com")]
async fn index() {}

fn main() {
    let _ = routes![index];
}
