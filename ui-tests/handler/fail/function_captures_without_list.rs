use gustnado::{handler, routes};

#[handler(captures = slug)]
async fn about() {}

fn main() {
    drop(routes!["/" => about]);
}
