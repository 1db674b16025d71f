#![deny(warnings, dead_code)]

use gustnado::{Context, handler, route, routes};

#[derive(Default)]
struct Entry;

#[route("/{id}")]
#[handler]
impl Entry {
    fn get(
        &self,
        #[cfg(any())] never: NoSuchType,
        #[cfg(all())] id: u64,
        #[cfg(any())] id: NoSuchType,
        #[cfg(all())] cx: &Context,
    ) -> String {
        format!("{id} {}", cx.path())
    }

    #[cfg(any())]
    fn post(&self, never: NoSuchType) {}

    #[cfg(any())]
    fn prepare(&self, never: NoSuchType) {}
}

#[cfg(any())]
#[route("/")]
#[handler]
impl NoSuchType {
    fn get(&self) {}
}

fn main() {
    assert_eq!(routes![Entry, #[cfg(any())] NoSuchType].len(), 1);
}
