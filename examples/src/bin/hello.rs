//! The smallest application; and, for the benchmarks, the routes that every framework has.

use gustnado::prelude::*;

#[route("/")]
async fn index() -> &'static str {
    "Hello, world"
}

#[route("/plaintext")]
async fn plaintext() -> &'static str {
    "Hello, World!"
}

#[route("/user/{id}")]
async fn user(id: u64) -> String {
    format!("user {id}")
}

#[gustnado::main]
async fn main() -> Result<()> {
    examples::serve(Application::new(routes![index, plaintext, user])).await
}
