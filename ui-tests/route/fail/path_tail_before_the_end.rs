use gustnado::{route, routes};

#[route("/{path...}/edit")]
async fn index() {}

fn main() {
    drop(routes![index]);
}
