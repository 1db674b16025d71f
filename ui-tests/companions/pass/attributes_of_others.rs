#![deny(warnings, dead_code)]

use gustnado::{authenticated, route, routes};

/// It keeps what else is said about it.
#[route("/old")]
#[deprecated = "old"]
#[authenticated]
#[must_use]
pub async fn old() -> &'static str {
    "old"
}

#[expect(deprecated)]
fn main() {
    assert_eq!(routes![old].len(), 1);
}
