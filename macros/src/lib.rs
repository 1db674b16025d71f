//! The attribute macros of gustnado.
//!
//! Use them through the crate `gustnado`, which exports them all and holds what they expand to. Each macro here is a
//! thin cover over a function from tokens to tokens, which never panics, whatever it is given.
//!
//! With the environment variable `GUSTNADO_EXPAND=1`, the compiler prints what each use of a macro expands to.

mod companions;
mod entry;
mod errors;
mod function;
mod handler;
mod options;
mod route;
mod routes;
mod suggestion;

#[cfg(test)]
mod random;

use proc_macro::TokenStream;

use crate::entry::Entry;
use crate::route::Shorthand;

/// Makes a route of a function: the requests it answers, and how its arguments are taken from one.
///
/// ```
/// use gustnado::prelude::*;
///
/// struct Db(Vec<String>);
///
/// #[route("/user/{id}")]
/// async fn user(id: usize, db: &Db) -> Option<Json<String>> {
///     db.0.get(id).cloned().map(Json)
/// }
///
/// let app = Application::new(routes![user]).provide(Db(vec!["Ada".to_owned()]));
/// ```
///
/// The function stays what it was, so a test can call it. It may be async or not. Beside it there is a hidden type of
/// the same name, which [`routes!`] names; so a module of this name cannot stand beside it.
///
/// # The path
///
/// The path starts with `/`. A segment is a literal, percent-encoded where RFC 3986 asks for it; or `{name}`, which
/// takes one segment; or, at the end, `{name...}`, which takes the rest. Each capture goes to the argument of its
/// name, whose type must implement `FromCapture`.
///
/// # The arguments
///
/// Every argument that is not a capture is taken from the request by `FromRequest`: `&T` is what the application was
/// provided with, `Form<T>` the decoded body, and so on. At most one argument may take the body.
///
/// # The options
///
/// They follow the path:
///
/// | option | meaning | default |
/// | --- | --- | --- |
/// | `method = POST` | the method it answers | `GET` |
/// | `methods = [GET, POST]` | the methods it answers | `[GET]` |
/// | `name = "user"` | the route's name | the function's |
/// | `host = "example.com"` | it answers only requests for this host, or with `"*.example.com"` those below it | every host |
/// | `accept = "text/html"` | it answers only requests that want this media type | whatever they want |
/// | `guard = is_member` | it answers only requests of which `fn(&Request) -> bool` says so | all |
/// | `timeout = 2.5` | how long it may take, in seconds; beyond that, it is a 503 | for ever |
/// | `max_body_size = 1_000` | the longest body it takes, in bytes | the application's limit |
/// | `finish_on_disconnect` | the handler runs to its end when the client goes away | it is dropped |
/// | `crate = path` | where gustnado is, if not at `::gustnado` | |
///
/// HEAD requests follow GET, and OPTIONS requests are answered by the router.
///
/// # The way back
///
/// `user::url(7)` is a link to the route above, with a parameter for each capture, in the order of the path; one that is missing or
/// of a wrong type is a compile error. `cx.reverse_url(&user::url(7))` is the URL.
///
/// # Errors
///
/// A mistake is an error at compile time. Two routes that answer the same requests are an error at start-up.
#[proc_macro_attribute]
pub fn route(options: TokenStream, item: TokenStream) -> TokenStream {
    shown("route", route::expand(None, options.into(), item.into()))
}

/// Makes a handler of a type, with a method for each verb; or of a function, without a path of its own.
///
/// # On an `impl`
///
/// Each request gets a value of its own, which lives until its answer is complete: Tornado's `RequestHandler`. The methods of these
/// names are called, in this order; all but that of one verb may be missing.
///
/// | method | when | arguments |
/// | --- | --- | --- |
/// | `fn initialize(..) -> Self` | to make the value, which is otherwise its `Default` | any |
/// | `fn set_default_headers(&mut self, cx: &Context)` | before `prepare`, and before `write_error` | the context |
/// | `fn prepare(&mut self, ..)` | before each verb, unless it finishes the request | any |
/// | `fn data_received(&mut self, .., chunk: Bytes)` | for each piece of the body, with `#[stream_request_body]` | any, and the piece |
/// | `get`, `head`, `post`, `put`, `patch`, `delete`, `options` | for that verb | any |
/// | `fn log_exception(&mut self, cx: &Context, error: &Error)` | when something has failed | the context and the error |
/// | `fn write_error(&mut self, .., error: &Error)` | to write the answer then | any, and the error |
/// | `fn on_finish(&mut self, cx: &Context)` | when the answer is complete | the context |
/// | `fn on_connection_close(&mut self, cx: &Context)` | when the client has left before that | the context |
///
/// Those that take any arguments take them as functions with [`#[route]`](macro@route) do, and may be async. A verb, and
/// `write_error`, returns what a function may return, too; the others return nothing, or a `Result` of nothing.
///
/// ```
/// use gustnado::prelude::*;
///
/// #[derive(Default)]
/// struct Counter {
///     count: u64,
/// }
///
/// #[route("/count/{start}")]
/// #[handler]
/// impl Counter {
///     fn prepare(&mut self, start: u64) {
///         self.count = start + 1;
///     }
///
///     async fn get(&mut self, cx: &Context) -> Result<String> {
///         cx.set_header("Cache-Control", "no-store")?;
///         Ok(format!("{}", self.count))
///     }
/// }
///
/// let app = Application::new(routes![Counter]);
/// ```
///
/// # On a function
///
/// It is a handler as below [`#[route]`](macro@route), whose path stands elsewhere: in a table of paths, or nowhere
/// (`Application::default_handler`). This is so for an `impl` without a `#[route]`, too.
///
/// ```
/// use gustnado::prelude::*;
///
/// #[handler]
/// async fn about() -> &'static str {
///     "about us"
/// }
///
/// #[handler(captures = [slug])]
/// async fn entry(slug: String) -> String {
///     slug
/// }
///
/// let app = Application::new(routes!["/about" => about, "/entry/{slug}" => entry]);
/// ```
///
/// # The options
///
/// | option | meaning | default |
/// | --- | --- | --- |
/// | `captures = [slug]` | the arguments that are captures of the path | none |
/// | `method = POST`, `methods = [GET, POST]` | as for `#[route]`; not on an `impl` | `GET` |
/// | `name`, `max_body_size`, `finish_on_disconnect`, `crate` | as for `#[route]` | |
///
/// Below a `#[route]` it has no options: they stand there.
#[proc_macro_attribute]
pub fn handler(options: TokenStream, item: TokenStream) -> TokenStream {
    shown("handler", handler::expand(options.into(), item.into()))
}

macro_rules! companions {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[proc_macro_attribute]
        pub fn $name(options: TokenStream, item: TokenStream) -> TokenStream {
            shown(stringify!($name), companions::expand(stringify!($name), options.into(), item.into()))
        }
    )*};
}

companions! {
    /// Lets only those pass who have [logged in](../gustnado/struct.Application.html#method.current_user): the others are sent to the
    /// [login page](../gustnado/struct.Application.html#method.login_url) with GET and HEAD, and get a 403 with other methods. It goes
    /// with `#[route]` or `#[handler]`, on a function, an `impl`, or the method of a verb.
    ///
    /// ```
    /// use gustnado::prelude::*;
    ///
    /// #[route("/account")]
    /// #[authenticated]
    /// async fn account(cx: &Context) -> Option<String> {
    ///     cx.current_user::<String>().cloned()
    /// }
    ///
    /// let app = Application::new(routes![account])
    ///     .current_user(|cx| cx.cookie("user"))
    ///     .login_url("/login");
    /// ```
    authenticated
    /// Redirects requests of the path without its last slash to the one with it. It goes with a `#[route]` whose path ends with a
    /// slash. GET and HEAD get a 301, which keeps the query; other methods a 404.
    ///
    /// ```
    /// use gustnado::prelude::*;
    ///
    /// #[route("/archive/")]
    /// #[addslash]
    /// async fn archive() {}
    /// ```
    addslash
    /// Redirects requests of the path with a slash at its end to the one without: the opposite of [`macro@addslash`].
    ///
    /// ```
    /// use gustnado::prelude::*;
    ///
    /// #[route("/archive")]
    /// #[removeslash]
    /// async fn archive() {}
    /// ```
    removeslash
    /// Lets the `data_received` of an `impl` with [`macro@handler`] take the body as it arrives, instead of waiting for the whole. Then
    /// `prepare` is called as soon as the head is there, and the verb when the body has ended. While `data_received` works, the client
    /// has to wait; a request that is finished before its body has arrived ends the connection.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use gustnado::prelude::*;
    ///
    /// #[derive(Default)]
    /// struct Upload {
    ///     received: usize,
    /// }
    ///
    /// #[route("/upload", max_body_size = 10_000_000_000)]
    /// #[handler]
    /// #[stream_request_body]
    /// impl Upload {
    ///     fn data_received(&mut self, chunk: Bytes) {
    ///         self.received += chunk.len();
    ///     }
    ///
    ///     fn put(&mut self) -> String {
    ///         format!("{} bytes", self.received)
    ///     }
    /// }
    /// ```
    stream_request_body
}

macro_rules! shorthands {
    ($($name:ident $method:ident)*) => {$(
        #[doc = concat!(
            "[`#[route]`](macro@route) with `method = ", stringify!($method), "`: `#[", stringify!($name), "(\"/path\")]`."
        )]
        #[proc_macro_attribute]
        pub fn $name(options: TokenStream, item: TokenStream) -> TokenStream {
            let shorthand = Shorthand { name: stringify!($name), method: stringify!($method) };
            shown(stringify!($name), route::expand(Some(shorthand), options.into(), item.into()))
        }
    )*};
}

shorthands! {
    delete DELETE
    get GET
    head HEAD
    options OPTIONS
    patch PATCH
    post POST
    put PUT
}

/// Collects the routes of functions with `#[route]`, for `Application::new`.
///
/// ```
/// mod blog {
///     #[gustnado::route("/entry/{slug}")]
///     pub async fn entry(slug: String) -> String {
///         slug
///     }
/// }
///
/// #[gustnado::route("/")]
/// async fn index() {}
///
/// let routes = gustnado::routes![index, #[cfg(all())] blog::entry];
/// assert_eq!(routes.len(), 2);
/// ```
///
/// What has a `#[handler]` instead of a `#[route]` is given its path here: `routes!["/entry/{slug}" => Entry]`.
///
/// This is what the macro of this name in the crate `gustnado` calls, with `crate = path;` before the list.
#[proc_macro]
pub fn routes(list: TokenStream) -> TokenStream {
    shown("routes", routes::expand(list.into()))
}

/// Runs an async function as the program: starts an event loop, and runs it until the function returns.
///
/// ```no_run
/// use gustnado::prelude::*;
///
/// #[route("/")]
/// async fn index() -> &'static str {
///     "Hello, world"
/// }
///
/// #[gustnado::main]
/// async fn main() -> Result<()> {
///     Application::new(routes![index]).listen(8888)?.run().await
/// }
/// ```
///
/// In a debug build, whoever holds the loop for more than 0.1 seconds is named in the log; the environment variable
/// `GUSTNADO_BLOCKING_LOG_THRESHOLD` says after how many seconds instead, in any build, and 0 means never. See
/// `IOLoop::set_blocking_log_threshold`.
///
/// The only option is `crate = path`, for a program that knows gustnado by another name.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    shown("main", entry::expand(Entry::Main, options.into(), item.into()))
}

/// Makes a test of an async function: it runs on an event loop of its own, and fails after 5 seconds.
///
/// A test that takes too long says where it waits, and where its tasks do: the chain of async functions, with files and lines.
/// It also fails with the panic of a callback, or of a task whose handle was dropped. What it leaves behind, tasks that have not
/// ended and sockets that are open, is printed as a warning.
///
/// ```
/// use std::time::Duration;
///
/// use gustnado::coroutine::sleep;
///
/// #[gustnado::test(timeout = 10)]
/// async fn sleeps() -> gustnado::Result {
///     sleep(Duration::from_millis(1)).await;
///     Ok(())
/// }
/// ```
///
/// # The options
///
/// | option | meaning | default |
/// | --- | --- | --- |
/// | `timeout = 10` | the limit in seconds, an integer or a fraction | the environment variable `ASYNC_TEST_TIMEOUT`, or 5 |
/// | `simulated` | it runs in a simulated world, once with each of several seeds | it runs in real life |
/// | `seeds = 100` | how many, of a simulated test | the environment variable `GUSTNADO_SEEDS`, which also overrides it, or 10 |
/// | `leaks = "deny"` | a test that leaves tasks or sockets behind fails; with `"allow"`, there is no warning | `"warn"` |
/// | `crate = path` | where gustnado is, if not at `::gustnado` | |
///
/// # Simulated tests
///
/// With `simulated`, time and the network are invented: see `gustnado::testing::simulation`. The limit is then one of the test's own
/// time, and a day if none is given.
///
/// ```
/// use std::time::Duration;
///
/// use gustnado::coroutine::sleep;
/// use gustnado::testing::Simulation;
///
/// #[gustnado::test(simulated, seeds = 3)]
/// async fn an_hour_takes_no_time() {
///     sleep(Duration::from_secs(3600)).await;
///     assert_eq!(Simulation::current().elapsed(), Duration::from_secs(3600));
/// }
/// ```
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    shown("test", entry::expand(Entry::Test, options.into(), item.into()))
}

/// The expansion, printed if the environment asks for it.
fn shown(name: &str, expansion: proc_macro2::TokenStream) -> TokenStream {
    let expansion = TokenStream::from(expansion);
    if std::env::var_os("GUSTNADO_EXPAND").is_some_and(|value| value == "1") {
        eprintln!("// gustnado::{name}\n{expansion}\n");
    }
    expansion
}
