//! What an application's author touches: routes, arguments, responses, the application.
//!
//! A request comes in as a [`Request`](crate::http::Request). The router finds its [`Route`] by method and path; the
//! route's handler takes its arguments out of the [`Context`] ([`FromCapture`], [`FromRequest`]), and what it returns
//! becomes the [`Response`](crate::http::Response) ([`Respond`]). An [`Error`](crate::Error) on the way becomes one
//! too. [`Application`] is the table of routes and what handlers are provided with; [`Application::build`] checks it
//! whole before the first request.

mod address;
mod application;
mod arguments;
mod authentication;
#[cfg(feature = "gzip")]
mod compression;
mod conditional;
mod context;
mod endings;
mod error_page;
mod layer;
mod log;
mod metrics;
mod per_request;
mod provided;
mod reply;
mod request_handler;
mod respond;
mod routing;
mod security;
mod server;
mod site;
mod static_files;
#[cfg(feature = "templates")]
pub mod template;
#[cfg(test)]
mod testing;
mod workers;

pub use address::{Address, Addresses};
pub use application::{Application, StartupError};
pub use arguments::{
    Argument, Bearer, BodyClaim, Fields, Form, FromCapture, FromHeader, FromRequest, Header,
    Multipart, Part, Query, Upload, UserAgent, capture, named_capture,
};
pub use authentication::authenticated;
#[cfg(feature = "gzip")]
pub use compression::Compression;
pub use context::Context;
pub use layer::{Layer, Next, after, before};
pub use metrics::{Counter, Gauge, Metrics};
pub use per_request::{PerRequest, RequestEnd};
pub use provided::Requirement;
pub use reply::Finish;
pub use request_handler::{Initial, RequestHandler, live, not_allowed};
pub use respond::{
    Event, EventSource, EventStream, Events, Html, Json, Redirect, Respond, Streamed,
};
pub use routing::{Endpoint, Fills, Handler, Link, Location, Route, Routes, ToCapture};
#[cfg(feature = "encrypted-cookies")]
pub use security::EncryptedCookie;
#[cfg(feature = "signed-cookies")]
pub use security::{
    CookieSecret, CookieValue, MemoryStore, Session, SessionData, SessionStore, Sessions,
    SignedCookie, SignedVersion, Validity, Xsrf, signature_key_version,
};
pub use security::{Cors, RateLimit, SecurityHeaders, TrustedProxies};
#[cfg(feature = "password-hashing")]
pub use security::{hash_password, verify_password};
pub use server::Server;
pub use site::Site;
pub use static_files::StaticFiles;
pub use workers::Workers;

#[cfg(fuzzing)]
pub(crate) use routing::{Asked, Router};
