//! Two items have the name, but only the function is the author's to document.
#![deny(warnings, missing_docs)]

use gustnado::route;

#[route("/")]
pub async fn index() {}

fn main() {}
