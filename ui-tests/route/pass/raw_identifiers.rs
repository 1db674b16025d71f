#![deny(warnings, dead_code)]

use gustnado::{route, routes};

mod r#mod {
    #[gustnado::route("/match/{type}/{in}")]
    pub async fn r#match(r#type: String, r#in: u8) -> String {
        format!("{type} {in}", r#type = r#type, r#in = r#in)
    }
}

#[route("/{r}")]
async fn r#normal(r#r: u8) -> String {
    r.to_string()
}

fn main() {
    let routes = routes![r#mod::r#match, normal];
    assert_eq!(routes[0].name(), "match");
    assert_eq!(routes[1].name(), "normal");
}
