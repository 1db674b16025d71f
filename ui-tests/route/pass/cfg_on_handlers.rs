#![deny(warnings, dead_code)]

use gustnado::{route, routes};

#[route("/")]
async fn index() {}

#[route("/never")]
#[cfg(any())]
async fn never() -> NoSuchType {}

#[cfg(any())]
#[route("/never")]
async fn before(never: NoSuchType) {}

#[route("/twice")]
#[cfg(all())]
async fn twice() {}

#[route("/twice")]
#[cfg(not(all()))]
async fn twice() {}

fn main() {
    let routes = routes![
        index,
        #[cfg(any())]
        never,
        #[cfg(all())]
        twice,
        #[cfg(not(all()))]
        twice
    ];
    assert_eq!(routes.len(), 2);
}
