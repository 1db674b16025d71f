//! A request, as a service sees it.

use super::cookies::Cookies;
use super::exchange::ExchangeRef;
#[cfg(feature = "websocket")]
use super::exchange::Upgraded;
use super::incoming::{BodyError, BodyStream};
use super::request_id::{Identity, RequestId};
#[cfg(feature = "websocket")]
use crate::iostream::IOStream;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use std::fmt;
use std::net::SocketAddr;
use std::time::Instant;
use tracing::{Level, Span, info_span, span_enabled};

/// A request: a view into the bytes that the client sent, and the way to its body.
///
/// It is a handle: cloning it is cheap, and it may outlive the response. Kept that long, it costs the connection a fresh set of
/// memory, so keep it no longer than needed.
#[derive(Clone)]
pub struct Request {
    exchange: ExchangeRef,
}

impl Request {
    pub(super) fn new(exchange: ExchangeRef) -> Self {
        Self { exchange }
    }

    /// A span for it, if anybody listens.
    #[inline]
    pub(super) fn span(&self) -> Option<Span> {
        span_enabled!(target: "gustnado.request", Level::INFO).then(|| self.new_span())
    }

    #[cold]
    fn new_span(&self) -> Span {
        let (id, method, path) = (self.request_id(), self.method().as_str(), self.path());
        let span = info_span!(target: "gustnado.request", "request", %id, method, path);
        self.exchange.identity.set(Some(Box::new(Identity { id, span: Some(span.clone()) })));
        span
    }

    /// The method.
    pub fn method(&self) -> &Method {
        self.exchange.head.method()
    }

    /// HTTP/1.0 or HTTP/1.1.
    pub fn version(&self) -> Version {
        self.exchange.head.version()
    }

    /// The request target as it was sent: Tornado's `uri`.
    pub fn target(&self) -> &str {
        self.exchange.head.target()
    }

    /// The path, still percent-encoded.
    pub fn path(&self) -> &str {
        self.exchange.head.path()
    }

    /// What was [noted](Self::set_note) of a request before whose head was the same, byte for byte; else 0.
    pub(crate) fn note(&self) -> u32 {
        self.exchange.note.get()
    }

    /// Notes something that depends on nothing but the head, for the next request that has the same.
    pub(crate) fn set_note(&self, note: u32) {
        self.exchange.note.set(note);
    }

    /// The path as bytes, which need not be looked at to be text.
    pub(crate) fn path_bytes(&self) -> &[u8] {
        self.exchange.head.path_bytes()
    }

    /// What follows the `?`, still percent-encoded.
    pub fn query(&self) -> Option<&str> {
        self.exchange.head.query()
    }

    /// The authority that the client asked: `host` or `host:port`, with valid syntax; empty for HTTP/1.0 without one.
    pub fn host(&self) -> &str {
        self.exchange.head.host()
    }

    /// The first header of that name, in any case of letters; `None` also if its value is not UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_bytes(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The first header of that name, in any case of letters.
    pub fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        self.exchange.head.header(name)
    }

    /// All headers, in the order and spelling in which they were sent.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.exchange.head.headers()
    }

    /// The cookies that the client has sent. They are read anew by each call.
    pub fn cookies(&self) -> Cookies<'_> {
        let sent = self.headers().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
        Cookies::parse(sent.map(|(_, value)| value))
    }

    /// The headers as a map, for libraries that want one. It is built anew by each call.
    pub fn header_map(&self) -> HeaderMap {
        let parse = |(name, value): (&str, &[u8])| {
            Some((
                HeaderName::from_bytes(name.as_bytes()).ok()?,
                HeaderValue::from_bytes(value).ok()?,
            ))
        };
        let mut map = HeaderMap::new();
        for (name, value) in self.headers().filter_map(parse) {
            map.append(name, value);
        }
        map
    }

    /// The address at the other end of the connection.
    pub fn remote_addr(&self) -> SocketAddr {
        self.exchange.remote.into()
    }

    /// Whether the connection is secured by TLS.
    pub fn is_secure(&self) -> bool {
        self.exchange.is_secure
    }

    /// The scheme of the request's URL: `https` if the connection [is secured](Self::is_secure), else `http`.
    pub fn protocol(&self) -> &'static str {
        if self.is_secure() { "https" } else { "http" }
    }

    /// The certificate that the client has shown, and those of its authorities, as DER; `None` if it has shown none, or the connection
    /// serves another request by now. They were verified. See
    /// [`require_client_certificates`](crate::tls::ServerOptions::require_client_certificates); Tornado's
    /// `get_ssl_certificate(binary_form=True)`.
    #[cfg(feature = "tls")]
    pub fn peer_certificates(&self) -> Option<Vec<Vec<u8>>> {
        self.exchange.stream.peer_certificates()
    }

    /// When the request's head had arrived, on the loop's clock.
    pub fn started(&self) -> Instant {
        self.exchange.core().instant(self.exchange.started)
    }

    /// What tells it from all others: made when it is first asked for, or [taken](super::Settings::trust_request_id) from its
    /// `X-Request-Id`, if that is valid.
    ///
    /// It is in the line of the access log, as `request_id`. Where somebody listens to the target `gustnado.request` of `tracing`,
    /// the handler runs in a span `request` with the fields `id`, `method` and `path`; and so does all that the handler starts:
    /// coroutines, callbacks, timeouts, jobs, and what it leaves to other threads by
    /// [`run_in_executor`](crate::ioloop::run_in_executor). Where nobody listens, there is no span and no id.
    ///
    /// ```
    /// use gustnado::http::{AsyncHTTPClient, HTTPRequest};
    /// use gustnado::prelude::*;
    ///
    /// #[route("/")]
    /// async fn index(cx: &Context, client: &AsyncHTTPClient) -> Result<String> {
    ///     let id = cx.request_id(); // the next service logs the same one
    ///     let request = HTTPRequest::new("http://localhost:8889/").header("X-Request-Id", id.as_str());
    ///     Ok(client.fetch(request).await?.text().into())
    /// }
    /// ```
    pub fn request_id(&self) -> RequestId {
        let identity = self.exchange.identity.take().unwrap_or_else(|| {
            let id = self.told_id().unwrap_or_else(|| RequestId::new(self.exchange.core()));
            Box::new(Identity { id, span: None })
        });
        let id = identity.id.clone();
        self.exchange.identity.set(Some(identity));
        id
    }

    /// Gives it another [id](Self::request_id), which the application has made or found elsewhere; from now on also in its span.
    pub fn set_request_id(&self, id: RequestId) {
        let span = self.exchange.identity.take().and_then(|former| former.span);
        if let Some(span) = &span {
            span.record("id", tracing::field::display(&id));
        }
        self.exchange.identity.set(Some(Box::new(Identity { id, span })));
    }

    /// The id that the client has sent, if it may.
    fn told_id(&self) -> Option<RequestId> {
        if !self.exchange.settings().trust_request_id {
            return None;
        }
        self.header("x-request-id")?.parse().ok()
    }

    /// Whether the head announces a body; whether it has arrived is another question.
    pub fn has_body(&self) -> bool {
        self.exchange.head.has_body()
    }

    /// The body, once it [has been read](Self::read_body), which it is for every handler that does not stream.
    pub fn body(&self) -> &[u8] {
        self.exchange.body()
    }

    /// Reads the whole body, of at most `limit` bytes. A client that waits for `100 Continue` is told to go on.
    ///
    /// # Errors
    ///
    /// [`BodyError`]: the body is malformed, too long, too slow, or the client has left. The connection ends after the response.
    pub async fn read_body(&self, limit: u64) -> Result<(), BodyError> {
        self.exchange.read_body(limit).await
    }

    /// Reads the whole body, if nothing has to be awaited for it; else nothing has happened.
    pub(crate) fn take_arrived_body(&self, limit: u64) -> bool {
        self.exchange.take_arrived_body(limit)
    }

    /// Reads the body piece by piece, as it arrives, without a limit but that of the [server](super::Limits::body). While nobody
    /// takes the next piece, the client has to wait.
    pub fn body_stream(&self) -> BodyStream {
        BodyStream::new(self.exchange.clone())
    }

    /// Ends HTTP on the connection: sends `head`, the 101, and gives the stream away. What the handler answers is not sent any more, but
    /// told to whom `take` names.
    #[cfg(feature = "websocket")]
    pub(crate) fn upgrade<T>(
        &self,
        head: &[u8],
        take: impl FnOnce(IOStream) -> (T, std::rc::Rc<dyn Upgraded>),
    ) -> T {
        self.exchange.upgrade(head, take)
    }

    /// Lets the handler go on when the client leaves. Otherwise its future is then dropped. A client that has closed its writing
    /// half counts as having left, because nothing tells the two apart.
    pub fn finish_on_disconnect(&self) {
        self.exchange.finish_on_disconnect.set(true);
    }
}

#[cfg(test)]
use super::exchange::Exchange;

#[cfg(test)]
impl Request {
    /// A request that has arrived whole, from 127.0.0.1 and without a connection.
    pub(crate) fn arrived(bytes: &[u8]) -> Self {
        Self::new(ExchangeRef::new(Exchange::arrived(bytes)))
    }
}

impl fmt::Debug for Request {
    /// Method and target only: headers hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", self.method())
            .field("target", &self.target())
            .finish_non_exhaustive()
    }
}
