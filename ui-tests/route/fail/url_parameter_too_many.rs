use gustnado::prelude::*;

#[route("/")]
async fn index() {}

fn main() {
    let _ = index::url(7);
}
