//! Tornado for Rust: a coroutine-first web framework and asynchronous networking library, on a loop and a reactor of its own.
//!
//! ```no_run
//! use gustnado::prelude::*;
//!
//! #[route("/user/{id}")]
//! async fn user(id: u64) -> String {
//!     format!("user {id}")
//! }
//!
//! #[gustnado::main]
//! async fn main() -> Result<()> {
//!     Application::new(routes![user]).listen("127.0.0.1:8888")?.run().await
//! }
//! ```
//!
//! # The house
//!
//! From the ground up; a room knows only what is below it.
//!
//! | floor | room | what lives there |
//! | --- | --- | --- |
//! | 0 | `sys` | waiting for descriptors and telling the time: all that we ask of the operating system |
//! | 1 | [`ioloop`] | the loop: callbacks, timeouts, events, and tasks whose wakers are integers |
//! | 2 | [`coroutine`] | what can be awaited: [`sleep`](coroutine::sleep), [`with_timeout`](coroutine::with_timeout), [`Multi`](fn@coroutine::Multi) |
//! | 2 | [`locks`], [`queues`] | coroutines that wait for each other, and that work for each other |
//! | 2 | [`jobs`] | what is done after the response was sent, and done again if it fails |
//! | 3 | [`iostream`], [`tcpserver`], [`tcpclient`], [`netutil`], [`process`], `tls` | bytes over sockets and pipes |
//! | 4 | [`http`] | the protocol, each rule once; its [server](http::HTTPServer), and its [client](http::AsyncHTTPClient) |
//! | 5 | [`websocket`] | messages in both directions: [`WebSocket`](websocket::WebSocket), for servers and clients |
//! | 5 | the names of this page | [`Application`], routes, arguments, responses, errors |
//! | beside | [`escape`], [`options`](mod@options), [`log`], [`locale`] | HTML, JSON, URLs and links; the command line and files of options; the log; languages |
//!
//! # A route
//!
//! [`#[route]`](macro@route) makes a handler of a function: its arguments are captures of the path, by name, or what can be
//! [taken from a request](FromRequest), such as [`Query`], [`Json`], or a `&T` that the application was
//! [given](Application::provide). What it returns is [a response](Respond), or an [`Error`] with a status. The function stays
//! one that a test can call.
//!
//! # One thread
//!
//! A loop belongs to its thread, and so does everything on it: nothing has to be `Send`. To use more processors, run
//! [the same application](Application::workers) on several threads; to reach a loop from another thread, use its
//! [`Handle`](ioloop::Handle).
//!
//! # Features
//!
//! | feature | on by itself | what it adds |
//! | --- | --- | --- |
//! | `gzip` | yes | responses are compressed where an application wants that, and decompressed by the client |
//! | `websocket` | yes | WebSockets, with permessage-deflate |
//! | `tls` | | TLS for streams, servers and clients, by rustls |
//! | `signed-cookies` | | signed cookies, sessions, and tokens against forged requests |
//! | `encrypted-cookies` | | cookies that the client cannot read |
//! | `password-hashing` | | passwords as hashes of Argon2id |
//! | `templates` | | pages from templates, by MiniJinja |
//! | `digest-auth` | | a client that proves who asks without showing the password |
//! | `regex` | | `IOStream::read_until_regex` |
//! | `tokio`, `futures-io` | | `IOStream` under the traits of these libraries |

pub mod coroutine;
pub mod escape;
pub mod http;
pub mod ioloop;
pub mod iostream;
pub mod jobs;
pub mod locale;
pub mod locks;
pub mod log;
pub mod netutil;
pub mod options;
pub mod process;
pub mod queues;
pub mod tcpclient;
pub mod tcpserver;
pub mod testing;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(feature = "websocket")]
pub mod websocket;

mod calendar;
mod entry;
mod error;
mod sys;
mod web;

pub use ::http::{Method, StatusCode};
pub use error::{Error, HTTPError, Result, WithContext};
pub use gustnado_macros::{
    addslash, authenticated, delete, get, handler, head, main, options, patch, post, put,
    removeslash, route, stream_request_body, test,
};
#[cfg(feature = "gzip")]
pub use web::Compression;
#[cfg(feature = "encrypted-cookies")]
pub use web::EncryptedCookie;
#[cfg(feature = "templates")]
pub use web::template;
pub use web::{
    Address, Addresses, Application, Argument, Bearer, Context, Cors, Counter, Endpoint, Event,
    EventSource, EventStream, Events, Fields, Finish, Form, FromCapture, FromHeader, FromRequest,
    Gauge, Handler, Header, Html, Json, Layer, Link, Location, Metrics, Multipart, Next, Part,
    PerRequest, Query, RateLimit, Redirect, RequestEnd, RequestHandler, Requirement, Respond,
    Route, Routes, SecurityHeaders, Server, Site, StartupError, StaticFiles, Streamed, ToCapture,
    TrustedProxies, Upload, UserAgent, Workers, after, before,
};
#[cfg(feature = "password-hashing")]
pub use web::{hash_password, verify_password};

#[cfg(feature = "signed-cookies")]
pub use web::{
    CookieSecret, CookieValue, MemoryStore, Session, SessionData, SessionStore, Sessions,
    SignedCookie, SignedVersion, Validity, Xsrf, signature_key_version,
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
///
/// A list of routes goes into another one by `..`, with what is done to [all of it](Routes):
/// `routes![index, ..admin::routes()]`.
#[macro_export]
macro_rules! routes {
    ($($list:tt)*) => { $crate::__private::routes! { crate = $crate; $($list)* } };
}

/// What most programs name: `use gustnado::prelude::*`.
pub mod prelude {
    pub use crate::coroutine::{
        Callback, Multi, PeriodicCallback, SendCallback, SendTask, Task, Wait, WaitAll,
        WaitIterator, engine, moment, sleep, with_timeout,
    };
    pub use crate::http::{AsyncHTTPClient, BodyStream, HTTPRequest, Request, Response};
    pub use crate::ioloop::{IOLoop, run_in_executor, spawn};
    #[cfg(feature = "websocket")]
    pub use crate::websocket::WebSocket;
    pub use crate::{
        Application, Context, Error, Form, FromCapture, FromRequest, HTTPError, Header, Html, Json,
        Method, Multipart, Query, Redirect, Respond, Result, Routes, StatusCode, Streamed,
        WithContext, addslash, authenticated, delete, get, handler, head, options, patch, post,
        put, removeslash, route, routes, stream_request_body,
    };
}

/// What the macros' expansions name. Not for anybody else.
#[doc(hidden)]
pub mod __private {
    pub use ::bytes::Bytes;
    pub use ::http::Method;
    pub use gustnado_macros::routes;
    pub use std::borrow::Cow;
    pub use std::time::Duration;
    pub use std::vec::Vec;

    pub use crate::error::Error;
    pub use crate::http::{BodyStream, Response};

    pub use crate::entry::{Leaks, Test, run_main, run_test};
    pub use crate::testing::simulation::run::run_simulated;
    pub use crate::web::{
        BodyClaim as Body, Context, Endpoint, Fills, FromCapture, FromRequest, Handler, Initial,
        Link, Location, RequestHandler, Respond, Route, authenticated, capture, live,
        named_capture, not_allowed,
    };
}

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
