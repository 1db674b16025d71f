use gustnado::{get, routes};

#[get]
async fn index() {}

fn main() {
    drop(routes![index]);
}
