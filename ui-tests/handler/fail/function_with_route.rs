use gustnado::{handler, route, routes};

#[route("/")]
#[handler]
async fn about() {}

fn main() {
    drop(routes![about]);
}
