use gustnado::{handler, routes};

#[handler]
async fn about(id: u64) {
    let _ = id;
}

fn main() {
    drop(routes!["/" => about]);
}
