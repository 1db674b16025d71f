#![deny(warnings, dead_code)]

use gustnado::http::Response;
use gustnado::{Error, Html, Json, Respond, Result, StatusCode, route, routes};

#[route("/a")]
async fn result() -> Result {
    "7".parse::<u32>()?;
    Ok(())
}

#[route("/b")]
async fn other_error() -> std::result::Result<Html<&'static str>, std::num::ParseIntError> {
    "7".parse::<u32>()?;
    Ok(Html("<p>7</p>"))
}

#[route("/c")]
async fn any() -> impl Respond {
    (StatusCode::CREATED, [("location", "/entry/7")], Json([1, 2, 3]))
}

#[route("/d")]
async fn any_of_result() -> Result<impl Respond, Error> {
    Ok(StatusCode::NO_CONTENT)
}

#[route("/e")]
fn option() -> Option<Response> {
    None
}

fn main() {
    assert_eq!(routes![result, other_error, any, any_of_result, option].len(), 5);
}
