//! What can be done with several routes at once.

use std::borrow::Cow;

use super::Route;
use crate::web::Layer;
use crate::web::layer::Around;

/// A list of routes, as `routes![..]` makes it: what is done to it is done to each of them.
///
/// A list goes into another one by `..`:
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::before;
///
/// mod admin {
///     use gustnado::prelude::*;
///
///     #[route("/users")]
///     async fn users() {}
///
///     #[route("/log")]
///     async fn log() {}
///
///     pub fn routes() -> Vec<gustnado::Route> {
///         routes![users, log].layer(gustnado::before(async |cx: &Context| {
///             cx.header("x-key").with_status(StatusCode::FORBIDDEN).map(drop)
///         }))
///     }
/// }
///
/// #[route("/")]
/// async fn index() {}
///
/// let app = Application::new(routes![index, ..admin::routes().under("/admin")]);
/// ```
pub trait Routes {
    /// Puts this before the path of each: under `/blog`, the path `/new` becomes `/blog/new`, and `/` becomes `/blog/`. It begins
    /// with a slash, does not end in one, and has no captures; anything else is a start-up error.
    #[must_use]
    fn under(self, prefix: &str) -> Self;

    /// Lets each [answer only requests for this host](Route::host).
    #[must_use]
    fn host(self, host: impl Into<Cow<'static, str>>) -> Self;

    /// Puts a [`Layer`] around each.
    #[must_use]
    fn layer(self, layer: impl Layer) -> Self;
}

impl Routes for Vec<Route> {
    fn under(self, prefix: &str) -> Self {
        self.into_iter().map(|route| route.under(prefix)).collect()
    }

    fn host(self, host: impl Into<Cow<'static, str>>) -> Self {
        let host = host.into();
        self.into_iter().map(|route| route.host(host.clone())).collect()
    }

    fn layer(self, layer: impl Layer) -> Self {
        let around = Around::new(layer);
        self.into_iter().map(|route| route.around(around.clone())).collect()
    }
}
