use gustnado::{Form, route, routes};

struct Urls;

#[route("/")]
async fn index(urls: Form<Urls>) {
    drop(urls);
}

fn main() {
    drop(routes![index]);
}
