use gustnado::{route, routes};

#[route("/")]
async fn index() {}

mod hidden {
    #[gustnado::route("/other")]
    async fn other() {}
}

fn main() {
    drop(routes![index, hidden::other]);
}
