use gustnado::{route, routes, stream_request_body};

#[route("/")]
#[stream_request_body]
async fn index() {}

fn main() {
    drop(routes![index]);
}
