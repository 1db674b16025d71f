#![deny(warnings, dead_code)]
#![deny(missing_docs)]
//! Docs, `deprecated` and visibility stay.

use gustnado::{route, routes};

/// What other crates see.
pub mod api {
    /// A documented handler.
    #[gustnado::route("/new")]
    #[must_use]
    pub fn new() -> String {
        String::new()
    }

    /// A handler that nothing should call.
    #[gustnado::route("/old")]
    #[deprecated(note = "use `new`")]
    #[allow(clippy::missing_const_for_fn)]
    pub async fn old() {}

    pub(crate) mod inner {
        #[gustnado::route("/inner")]
        pub(in crate::api) async fn inner() {}

        #[gustnado::route("/super")]
        pub(super) async fn above() {}
    }

    /// The routes that only this module sees.
    #[must_use]
    pub fn hidden() -> Vec<gustnado::Route> {
        gustnado::routes![inner::inner, inner::above]
    }
}

#[route("/")]
#[inline]
async fn index() {}

fn main() {
    assert_eq!(api::hidden().len(), 2);
    #[allow(deprecated)]
    let routes = routes![index, api::new, api::old];
    assert_eq!(routes.len(), 3);
}
