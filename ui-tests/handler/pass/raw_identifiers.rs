#![deny(warnings, dead_code)]

use gustnado::{handler, route, routes};

#[allow(non_camel_case_types)]
#[derive(Default)]
struct r#match;

#[route("/{type}/{in}")]
#[handler]
impl r#match {
    fn r#get(&self, r#type: String, r#in: u8) -> String {
        format!("{type} {in}", r#type = r#type, r#in = r#in)
    }
}

#[handler(captures = [type, r#in])]
async fn r#loop(r#type: String, r#in: u8) -> String {
    format!("{type} {in}", r#type = r#type, r#in = r#in)
}

fn main() {
    let routes = routes![r#match, "/loop/{type}/{in}" => r#loop];
    assert_eq!((routes[0].name(), routes[1].name()), ("match", "loop"));
    gustnado::Application::new(routes).build().unwrap();
}
