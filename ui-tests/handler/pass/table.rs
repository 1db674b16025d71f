#![deny(warnings, dead_code)]

use gustnado::{Application, Route, handler, routes};

#[handler]
async fn about() -> &'static str {
    "about"
}

#[handler(captures = [slug], methods = [GET, POST], name = "article")]
async fn entry(slug: &str, body: String) -> String {
    [slug, &body].concat()
}

#[derive(Default)]
struct Page;

#[handler(captures = [number])]
impl Page {
    fn get(&self, number: u32) -> String {
        number.to_string()
    }

    fn delete(&self) {}
}

#[handler]
async fn not_found() -> &'static str {
    "not here"
}

fn main() {
    let routes = routes![
        "/about" => about,
        "/entry/{slug}" => entry,
        #[cfg(all())]
        "/page/{number}" => Page,
        #[cfg(any())]
        "/nothing" => nothing,
        "/seite/{number}" => Page,
    ];
    assert_eq!(routes.iter().map(Route::name).collect::<Vec<_>>(), ["about", "article", "Page", "Page"]);
    Application::new(routes).default_handler::<not_found>().build().unwrap();

    let error = Application::new(routes!["/entry" => entry]).build().unwrap_err();
    assert!(error.to_string().contains("takes a capture `slug`, which its path lacks"), "{error}");
}
