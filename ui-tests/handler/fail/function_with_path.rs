use gustnado::{handler, routes};

#[handler("/about")]
async fn about() {}

fn main() {
    drop(routes!["/" => about]);
}
