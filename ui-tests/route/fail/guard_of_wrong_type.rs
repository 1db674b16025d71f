use gustnado::prelude::*;

fn is_member(request: &Request) -> Option<&str> {
    request.header("x-member")
}

#[route("/", guard = is_member)]
async fn index() {}

fn main() {
    let _ = routes![index];
}
