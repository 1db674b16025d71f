//! The client: fetches from other servers, over connections that it keeps.

mod auth;
mod connection;
mod cookies;
#[cfg(feature = "gzip")]
mod decompress;
mod encode;
mod errors;
mod fetch;
mod form;
#[cfg(fuzzing)]
pub(super) mod fuzzing;
mod head;
mod incoming;
mod multipart;
mod pool;
mod proxy;
mod record;
mod redirect;
mod request;
mod response;
mod route;
#[cfg(feature = "tls")]
mod secure;
mod streamed;
mod time_info;
#[cfg(feature = "websocket")]
mod upgrade;
mod upload;
mod url;
mod violation;

pub use self::errors::{HTTPClientError, InvalidRequest, Phase};
pub use self::multipart::Multipart;
pub use self::proxy::Proxy;
pub use self::request::HTTPRequest;
pub use self::response::HTTPResponse;
pub use self::streamed::StreamedResponse;
pub use self::time_info::TimeInfo;
pub use self::violation::ResponseViolation;

use self::pool::{Settings, Shared, Sizes};
use self::proxy::Environment;
use self::record::Options;
use self::route::Proxies;
use super::class::Class;
use super::limits::Limits;
use crate::ioloop::{Core, Frame};
use crate::netutil::{Resolver, ThreadedResolver};
#[cfg(feature = "tls")]
use crate::tls::ClientOptions;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// A client of HTTP/1.1, on this thread's loop.
///
/// It is an explicit object, cheap to clone; all clones share its connections, which are kept from one fetch to the next to the same
/// origin. It can be [provided](crate::Application::provide) to handlers like anything else. When the last clone is dropped, the
/// connections that rest are closed, and fetches that are under way go on.
///
/// Dropping a fetch ends it, and closes its connection. A fetch over a kept connection that the server has closed meanwhile is
/// repeated over a new one, if that cannot do harm: nothing was sent, or the method is idempotent.
///
/// ```
/// use gustnado::http::AsyncHTTPClient;
/// # use gustnado::{Application, get, routes};
/// # #[get("/")]
/// # async fn index() -> &'static str { "Hello, world" }
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// # let server = Application::new(routes![index]).listen("127.0.0.1:0")?;
/// # let address = server.addresses()[0];
///
/// let client = AsyncHTTPClient::new();
/// let response = client.fetch(format!("http://{address}/")).await?;
/// assert_eq!(response.text(), "Hello, world");
///
/// let missing = client.fetch(format!("http://{address}/nowhere")).await;
/// assert_eq!(missing.unwrap_err().code(), 404);
/// # Ok::<(), gustnado::Error>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct AsyncHTTPClient {
    owner: Rc<Owner>,
}

/// What the clones of a client share. Fetches that are under way do not have it.
struct Owner {
    shared: Rc<Shared>,
}

impl AsyncHTTPClient {
    /// A client with the defaults of its [`builder`](Self::builder), on this thread's loop.
    ///
    /// # Panics
    ///
    /// If the thread has no loop and none can be made.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// What a client may be told beforehand.
    pub fn builder() -> AsyncHTTPClientBuilder {
        let sizes = Sizes {
            max_clients: 1000,
            max_clients_per_origin: 100,
            max_idle: 100,
            idle_timeout: Duration::from_secs(60),
        };
        let settings = Settings {
            user_agent: concat!("gustnado/", env!("CARGO_PKG_VERSION")).into(),
            limits: Limits::default(),
            options: Options::default(),
            sizes,
            proxies: Proxies::Nobody,
            #[cfg(feature = "tls")]
            secure: secure::Usual::default(),
            keeps_cookies: false,
        };
        AsyncHTTPClientBuilder { settings, resolver: None }
    }

    /// Sends a request and waits for the response with its whole body. A text is a GET of that URL.
    ///
    /// It begins when it is first polled.
    ///
    /// # Errors
    ///
    /// Any of [`HTTPClientError`]; a status that is no success (2xx) is one, too, unless the request
    /// [says otherwise](HTTPRequest::raise_error).
    pub fn fetch(&self, request: impl Into<HTTPRequest>) -> Fetch {
        Fetch { frame: Frame::new(fetch::fetch(self.owner.shared.clone(), request.into())) }
    }

    /// Sends a request and waits for the head of the response; the body comes [piece by piece](StreamedResponse::next), as it is asked
    /// for.
    ///
    /// ```no_run
    /// # async fn example(client: gustnado::http::AsyncHTTPClient) -> gustnado::Result<()> {
    /// let mut response = client.fetch_streamed("http://example.com/film").await?;
    /// while let Some(piece) = response.next().await {
    ///     println!("{} bytes", piece?.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As of [`fetch`](Self::fetch). A response that is an error is read to its end first.
    pub async fn fetch_streamed(
        &self,
        request: impl Into<HTTPRequest>,
    ) -> Result<StreamedResponse, HTTPClientError> {
        let begun = fetch::fetch_streamed(self.owner.shared.clone(), request.into());
        Frame::new(begun).await
    }

    /// How many connections rest, kept for the next fetch.
    pub fn idle_connections(&self) -> usize {
        self.owner.shared.idle()
    }

    /// Closes the connections that rest. Fetches that are under way go on; one that begins later fails with
    /// [`HTTPClientError::ClientClosed`].
    pub fn close(&self) {
        self.owner.shared.close();
    }
}

impl Default for AsyncHTTPClient {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl fmt::Debug for AsyncHTTPClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncHTTPClient")
            .field("idle_connections", &self.idle_connections())
            .finish_non_exhaustive()
    }
}

/// The future of [`AsyncHTTPClient::fetch`]. Dropping it ends the fetch.
#[must_use = "a fetch does nothing until it is awaited or spawned"]
pub struct Fetch {
    frame: Frame<Result<HTTPResponse, HTTPClientError>>,
}

impl Future for Fetch {
    type Output = Result<HTTPResponse, HTTPClientError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.frame).poll(cx)
    }
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch").finish_non_exhaustive()
    }
}

/// What a client is told beforehand: its limits, and defaults for its requests.
///
/// ```
/// use gustnado::http::AsyncHTTPClient;
/// use std::time::Duration;
///
/// let client = AsyncHTTPClient::builder()
///     .max_clients(10)
///     .request_timeout(Duration::from_secs(5))
///     .user_agent("spider/1.0")
///     .build();
/// # gustnado::ioloop::IOLoop::current().close();
/// ```
#[derive(Clone)]
#[must_use = "a builder makes nothing until `build`"]
pub struct AsyncHTTPClientBuilder {
    settings: Settings,
    resolver: Option<Rc<dyn Resolver>>,
}

impl AsyncHTTPClientBuilder {
    /// So many fetches may be under way at once; others wait for their turn. Default 1000; it is 10 in Tornado.
    pub fn max_clients(mut self, count: usize) -> Self {
        self.settings.sizes.max_clients = count;
        self
    }

    /// So many of them to the same origin: scheme, host and port. Default 100.
    pub fn max_clients_per_origin(mut self, count: usize) -> Self {
        self.settings.sizes.max_clients_per_origin = count;
        self
    }

    /// So many connections are kept when nobody uses them; beyond it, the one that has rested longest is closed. Default 100.
    pub fn max_idle_connections(mut self, count: usize) -> Self {
        self.settings.sizes.max_idle = count;
        self
    }

    /// How long a connection is kept when nobody uses it. Default 60 s.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.sizes.idle_timeout = timeout;
        self
    }

    /// See [`HTTPRequest::queue_timeout`].
    pub fn queue_timeout(mut self, timeout: Duration) -> Self {
        self.settings.options.queue_timeout = Some(timeout);
        self
    }

    /// See [`HTTPRequest::connect_timeout`].
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.options.connect_timeout = Some(timeout);
        self
    }

    /// See [`HTTPRequest::request_timeout`].
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.settings.options.request_timeout = Some(timeout);
        self
    }

    /// See [`HTTPRequest::follow_redirects`].
    pub fn follow_redirects(mut self, follow: bool) -> Self {
        self.settings.options.follow_redirects = Some(follow);
        self
    }

    /// See [`HTTPRequest::max_redirects`].
    pub fn max_redirects(mut self, count: u32) -> Self {
        self.settings.options.max_redirects = Some(count);
        self
    }

    /// See [`HTTPRequest::decompress_response`].
    pub fn decompress_response(mut self, decompress: bool) -> Self {
        self.settings.options.decompress_response = Some(decompress);
        self
    }

    /// See [`HTTPRequest::raise_error`].
    pub fn raise_error(mut self, raise: bool) -> Self {
        self.settings.options.raise_error = Some(raise);
        self
    }

    /// The sizes that a response must stay within; [`Limits::request_line`] is for its status line. The limit of the body is also
    /// [a request's](HTTPRequest::max_body_size) to set.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// What the client calls itself. Default `gustnado/` and the version.
    ///
    /// # Panics
    ///
    /// If it is no value for a header.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        let user_agent = user_agent.into();
        assert!(Class::VALUE.all(user_agent.as_bytes()), "control character in a user agent");
        self.settings.user_agent = user_agent;
        self
    }

    /// Whether cookies that servers set are kept, and sent back to them, as a browser would (RFC 6265): in memory, for as long as the
    /// client is there, and no longer than 400 days. Default `false`.
    ///
    /// A request with a Cookie header of its own is sent no others. There is no list of public suffixes: two sites below `co.uk` could
    /// set cookies for each other, so a client that talks to servers that do not trust each other is better built without.
    pub fn cookies(mut self, keep: bool) -> Self {
        self.settings.keeps_cookies = keep;
        self
    }

    /// Asks this proxy, unless a request [says otherwise](HTTPRequest::proxy). Default none.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.settings.proxies = Proxies::One(Rc::new(proxy));
        self
    }

    /// Asks the proxies that the environment names, as many programs do: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in
    /// lower or upper case, as they are now. This machine itself is always asked directly. Default: they are ignored.
    pub fn proxies_from_environment(mut self) -> Self {
        self.settings.proxies = Proxies::Environment(Rc::new(Environment::read()));
        self
    }

    /// What it is told about TLS, unless a request [says otherwise](HTTPRequest::tls_options): whom it trusts, and who it is. A certificate
    /// of its own is shown to every server that asks for one. Default [`ClientOptions::new`].
    ///
    /// ```
    /// use gustnado::http::AsyncHTTPClient;
    /// use gustnado::tls::ClientOptions;
    ///
    /// let inside = ClientOptions::new().ca_certs("company.pem");
    /// let client = AsyncHTTPClient::builder().tls_options(inside).build();
    /// # gustnado::ioloop::IOLoop::current().close();
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls_options(mut self, options: ClientOptions) -> Self {
        self.settings.secure.options = options;
        self
    }

    /// See [`HTTPRequest::validate_cert`].
    #[cfg(feature = "tls")]
    pub fn validate_cert(mut self, validate: bool) -> Self {
        self.settings.secure.validate = validate;
        self
    }

    /// Who looks up names. Default a [`ThreadedResolver`].
    pub fn resolver(mut self, resolver: impl Resolver + 'static) -> Self {
        self.resolver = Some(Rc::new(resolver));
        self
    }

    /// The client, on this thread's loop.
    ///
    /// # Panics
    ///
    /// If the thread has no loop and none can be made.
    pub fn build(self) -> AsyncHTTPClient {
        let resolver = self.resolver.unwrap_or_else(|| Rc::new(ThreadedResolver::new()));
        let core = Core::current_or_panic();
        let shared = Shared::new(core, self.settings, resolver);
        AsyncHTTPClient { owner: Rc::new(Owner { shared: Rc::new(shared) }) }
    }
}

impl fmt::Debug for AsyncHTTPClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncHTTPClientBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A query: see [`form::to_string`].
pub(crate) fn form_string<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, String> {
    form::to_string(value).map_err(|error| error.to_string())
}
