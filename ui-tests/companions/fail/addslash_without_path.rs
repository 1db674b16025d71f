use gustnado::{addslash, handler, routes};

#[handler]
#[addslash]
async fn index() {}

fn main() {
    drop(routes!["/a/" => index]);
}
