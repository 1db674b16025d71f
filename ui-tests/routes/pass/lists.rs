#![deny(warnings, dead_code)]

use gustnado::{Route, route, routes};

mod blog {
    pub mod entry {
        #[gustnado::route("/entry")]
        pub async fn show() {}
    }

    #[gustnado::route("/blog")]
    pub async fn index() {}

    pub fn routes() -> Vec<gustnado::Route> {
        gustnado::routes![self::index, entry::show, super::index, crate::index]
    }
}

use blog::entry::show;
use blog::index as blog_index;

#[route("/")]
async fn index() {}

fn main() {
    let none: Vec<Route> = routes![];
    assert!(none.is_empty());
    assert_eq!(routes![index].len(), 1);
    assert_eq!(routes![index, blog::index, blog::entry::show,].len(), 3);
    assert_eq!(routes! { crate::index, show, blog_index }.len(), 3);
    assert_eq!(routes![..blog::routes()].len(), 4);
    assert_eq!(routes![index, ..vec![], #[cfg(any())] ..absent(), ..blog::routes(), show].len(), 6);
    assert_eq!(routes!(index).into_iter().chain(blog::routes()).count(), 5);
}
