use gustnado::{authenticated, route, routes};

#[route("/")]
#[authenticated(admin)]
async fn index() {}

fn main() {
    drop(routes![index]);
}
