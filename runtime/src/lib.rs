//! gustnado: Tornado for Rust.

pub mod coroutine;
pub mod http;
pub mod ioloop;
pub mod iostream;
pub mod netutil;
pub mod tcpserver;

mod entry;
mod error;
mod sys;
mod web;

pub use ::http::{Method, StatusCode};
pub use error::{Error, HTTPError, Result, WithContext};
pub use gustnado_macros::{delete, get, head, main, options, patch, post, put, route, test};
pub use web::{
    Address, Addresses, Application, Argument, Context, Endpoint, Form, FromCapture, FromRequest,
    Html, Json, Location, Query, Redirect, Requirement, Respond, Route, Server, Site, StartupError,
    Streamed, Workers,
};

/// Collects the routes of functions with `#[route]`, for [`Application::new`].
///
/// ```
/// use gustnado::prelude::*;
///
/// #[route("/")]
/// async fn index() -> &'static str {
///     "Hello, world"
/// }
///
/// let app = Application::new(routes![index]);
/// ```
#[macro_export]
macro_rules! routes {
    ($($list:tt)*) => { $crate::__private::routes! { crate = $crate; $($list)* } };
}

/// What most programs name: `use gustnado::prelude::*`.
pub mod prelude {
    pub use crate::coroutine::{Multi, moment, sleep, with_timeout};
    pub use crate::http::{BodyStream, Request, Response};
    pub use crate::ioloop::{IOLoop, spawn};
    pub use crate::{
        Application, Context, Error, Form, FromCapture, FromRequest, HTTPError, Html, Json, Method,
        Query, Redirect, Respond, Result, StatusCode, Streamed, WithContext, delete, get, head,
        options, patch, post, put, route, routes,
    };
}

/// What the macros' expansions name. Not for anybody else.
#[doc(hidden)]
pub mod __private {
    pub use ::http::Method;
    pub use gustnado_macros::routes;
    pub use std::vec::Vec;

    pub use crate::entry::{run_main, run_test};
    pub use crate::web::{
        BodyClaim as Body, Context, Endpoint, FromCapture, FromRequest, Location, Respond, Route,
        capture,
    };
}

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
