//! What the fuzz targets need and nobody else may have. It exists under `cfg(fuzzing)` only.

use std::fmt;

pub use crate::http::fuzzing::{ResponseHead, normal_url};

#[cfg(feature = "websocket")]
pub use crate::websocket::fuzzing::{Arrived, Receiver};

use crate::http::Response;
use crate::web::{Asked, Location, Route, Router};
use crate::{Method, StatusCode};

/// A router of bare paths.
pub struct Routes(Router);

impl Routes {
    /// `None` if the paths overlap or are no paths.
    pub fn new<const N: usize>(paths: [&str; N]) -> Option<Self> {
        let location = Location { file: file!(), line: line!() };
        let routes = paths.into_iter().map(|path| {
            Route::new(path.to_owned(), "fuzzing", location)
                .handler(|_| async { Response::new(StatusCode::OK) })
        });
        let mut problems = Vec::new();
        let router = Router::new(routes.collect(), &mut problems);
        problems.is_empty().then_some(Self(router))
    }

    /// Which path the router takes for this one, and what it captures.
    pub fn find<'p>(&self, path: &'p str) -> Option<(usize, Vec<&'p str>)> {
        let found = self.0.find(&Method::GET, path.as_bytes(), &Bare)?;
        let route = &self.0.routes()[found];
        let captures = (0..route.captures()).filter_map(|each| route.capture(each, path));
        Some((found, captures.collect()))
    }
}

/// Asks for a path and nothing else.
struct Bare;

impl Asked for Bare {
    fn host(&self) -> &str {
        ""
    }

    fn is_forwarded(&self) -> bool {
        false
    }

    fn fits(&self, _: &Route, _: bool) -> u16 {
        0
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.routes()).finish()
    }
}
