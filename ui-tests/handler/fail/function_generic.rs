use gustnado::{handler, routes};

#[handler]
async fn about<T>() {}

fn main() {
    drop(routes!["/" => about]);
}
