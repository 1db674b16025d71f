#![deny(warnings, dead_code)]

use gustnado::{addslash, authenticated, get, handler, removeslash, route, routes};

#[route("/account")]
#[authenticated]
async fn account() {}

#[authenticated]
#[get("/above")]
fn above() {}

#[handler]
#[authenticated]
async fn open() {}

#[addslash]
#[route("/archive/{year}/")]
#[authenticated]
async fn archive(year: u32) -> String {
    year.to_string()
}

#[route("/page")]
#[removeslash]
async fn page() {}

fn main() {
    let routes = routes![account, above, archive, page, "/open" => open];
    assert_eq!(routes.len(), 5);
    gustnado::Application::new(routes).build().unwrap();
}
