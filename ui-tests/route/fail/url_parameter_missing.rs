use gustnado::prelude::*;

#[route("/user/{id}")]
async fn user(id: u64) {
    drop(id);
}

fn main() {
    let _ = user::url();
}
