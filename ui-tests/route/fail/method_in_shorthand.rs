use gustnado::{post, routes};

#[post("/", method = PUT)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
