use gustnado::{handler, routes};

#[handler(capture = [slug])]
async fn about() {}

fn main() {
    drop(routes!["/" => about]);
}
