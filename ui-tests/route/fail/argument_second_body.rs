use gustnado::{Form, route, routes};

struct Urls;

#[route("/")]
async fn index(urls: Form<Urls>, text: String) {
    drop((urls, text));
}

fn main() {
    drop(routes![index]);
}
