#![deny(warnings, dead_code)]

use gustnado::{Context, route, routes};

#[route("/{id}")]
async fn user(
    #[cfg(any())] never: NoSuchType,
    #[cfg(all())] id: u64,
    #[cfg(any())] id: NoSuchType,
    #[cfg(any())] body: NoSuchType,
    #[cfg(all())] cx: &Context,
) -> String {
    format!("{id} {}", cx.path())
}

fn main() {
    assert_eq!(routes![user].len(), 1);
}
