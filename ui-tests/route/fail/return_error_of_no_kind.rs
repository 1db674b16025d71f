use gustnado::{route, routes};

struct NotAnError;

#[route("/")]
async fn index() -> Result<(), NotAnError> {
    Err(NotAnError)
}

fn main() {
    drop(routes![index]);
}
