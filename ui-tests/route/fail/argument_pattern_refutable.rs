use gustnado::{Error, Method, route, routes};

#[route("/")]
async fn index(Ok(method): Result<Method, Error>) {
    drop(method);
}

fn main() {
    drop(routes![index]);
}
