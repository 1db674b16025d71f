use gustnado::{get, post, routes};

#[get("/")]
#[post("/")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
