#![deny(warnings, missing_docs)]
//! A crate.

use gustnado::{handler, route};

/// A handler.
#[derive(Default)]
pub struct Entry;

#[route("/")]
#[handler]
impl Entry {
    pub fn get(&self) {}
}

fn main() {
    drop(gustnado::routes![Entry]);
}
