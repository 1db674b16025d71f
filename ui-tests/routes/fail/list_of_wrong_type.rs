use gustnado::prelude::*;

#[route("/")]
async fn index() {}

fn list() -> Vec<u8> {
    Vec::new()
}

fn main() {
    let _ = routes![index, ..list()];
}
