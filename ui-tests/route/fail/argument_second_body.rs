use gustnado::{Form, route, routes};

#[route("/")]
async fn index(names: Form<Vec<(String, String)>>, text: String) {
    drop((names, text));
}

fn main() {
    drop(routes![index]);
}
