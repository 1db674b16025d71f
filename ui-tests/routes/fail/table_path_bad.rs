use gustnado::{handler, routes};

#[handler]
async fn about() {}

fn main() {
    drop(routes!["about" => about]);
}
