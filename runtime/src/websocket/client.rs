//! The client's side: RFC 6455 §4.1.

use super::connection::WebSocket;
use super::deflate::{Compression, Deflate};
use super::extensions;
use super::key::{accept_key, client_key};
use super::settings::WebSocketSettings;
use super::socket::{Agreement, Socket};
use crate::coroutine::sleep;
use crate::http::{AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse};
use crate::ioloop::Core;
use crate::jobs::Retry;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// Opens a WebSocket to a server: `ws://..`, or a [`WebSocketRequest`] that says more.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::websocket::websocket_connect;
/// # #[route("/echo")]
/// # async fn echo(mut socket: WebSocket) -> Result<()> {
/// #     while let Some(message) = socket.recv().await? {
/// #         socket.send(message).await?;
/// #     }
/// #     Ok(())
/// # }
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// # let server = Application::new(routes![echo]).listen("127.0.0.1:0")?;
/// # let address = server.addresses()[0];
///
/// let mut socket = websocket_connect(format!("ws://{address}/echo")).await?;
/// socket.send("Hello").await?;
/// assert_eq!(socket.recv().await?, Some("Hello".into()));
/// # Ok::<(), Error>(())
/// # })??;
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
///
/// [`ConnectError`]. Redirects are not followed, so they are errors, too.
pub async fn websocket_connect(
    request: impl Into<WebSocketRequest>,
) -> Result<WebSocket, ConnectError> {
    request.into().connect().await
}

/// A WebSocket that is to be opened.
///
/// ```
/// use gustnado::websocket::{Compression, WebSocketRequest, websocket_connect};
///
/// # async fn example() -> Result<(), gustnado::websocket::ConnectError> {
/// let request = WebSocketRequest::new("ws://example.com/chat")
///     .header("Authorization", "Bearer secret")
///     .subprotocols(&["chat.v2", "chat"])
///     .compression(Compression::default());
/// let socket = websocket_connect(request).await?;
/// # Ok(())
/// # }
/// ```
///
/// What else can be said of a request, such as a proxy, an address to connect from or a user, is said of an [`HTTPRequest`] (to `http://..`),
/// which also [becomes](From) one of these. A proxy is asked for a tunnel.
#[derive(Debug)]
#[must_use = "a request does nothing until it is connected"]
pub struct WebSocketRequest {
    request: HTTPRequest,
    client: Option<AsyncHTTPClient>,
    settings: WebSocketSettings,
    subprotocols: Vec<String>,
}

impl WebSocketRequest {
    /// A request for a WebSocket at `url`: `ws://`, or `wss://` for TLS.
    pub fn new(url: impl AsRef<str>) -> Self {
        let url = url.as_ref();
        let http = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("http://{rest}"),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => format!("https://{rest}"),
            _ => url.to_owned(),
        };
        HTTPRequest::new(http).into()
    }

    /// The same request with this header in place of every other of its name.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    /// How long it may take to resolve the host's name and to connect. Default 20 s. Zero: for ever.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        Self { request: self.request.connect_timeout(timeout), ..self }
    }

    /// How long it may take until the server has agreed. Default 20 s. Zero: for ever.
    pub fn request_timeout(self, timeout: Duration) -> Self {
        Self { request: self.request.request_timeout(timeout), ..self }
    }

    /// Offers these subprotocols, the best first. The server chooses [one](super::WebSocketSender::subprotocol), or none.
    pub fn subprotocols(mut self, names: &[&str]) -> Self {
        self.subprotocols = names.iter().map(ToString::to_string).collect();
        self
    }

    /// Offers to compress messages.
    pub fn compression(mut self, compression: impl Into<Option<Compression>>) -> Self {
        self.settings.compression = compression.into();
        self
    }

    /// Limits and deadlines of the connection, and its compression.
    pub fn settings(mut self, settings: WebSocketSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Connects as this client does: with its resolver, its proxies, its cookies and what it calls itself. Unless said otherwise, a new one.
    pub fn client(mut self, client: &AsyncHTTPClient) -> Self {
        self.client = Some(client.clone());
        self
    }

    /// Opens it; see [`websocket_connect`].
    ///
    /// # Errors
    ///
    /// [`ConnectError`].
    pub async fn connect(self) -> Result<WebSocket, ConnectError> {
        let Self { request, client, settings, subprotocols } = self;
        let client = client.unwrap_or_default();
        let key = client_key(&Core::current_or_panic());
        let mut lines = format!(
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        );
        if !subprotocols.is_empty() {
            if !subprotocols.iter().all(|name| extensions::is_token(name)) {
                return Err(ConnectError::Handshake("a subprotocol must be a token"));
            }
            lines.push_str(&format!("Sec-WebSocket-Protocol: {}\r\n", subprotocols.join(", ")));
        }
        if let Some(compression) = &settings.compression {
            lines.push_str(&format!(
                "Sec-WebSocket-Extensions: {}\r\n",
                extensions::offer(compression)
            ));
        }
        let (stream, response) = client.upgrade(request, lines).await?;
        let agreed = agree(&response, &key, &subprotocols, settings.compression.as_ref());
        let (deflate, subprotocol) = agreed.map_err(ConnectError::Handshake)?;
        let settings = Rc::new(settings);
        let agreement = Agreement { settings, deflate, subprotocol, is_client: true };
        Ok(WebSocket::new(Socket::new(stream, agreement)))
    }
}

type Agreed = (Option<Box<Deflate>>, Option<Box<str>>);

/// Checks whether the server speaks of the same thing. §4.1, from "the client MUST validate the server's response" on.
fn agree(
    response: &HTTPResponse,
    key: &str,
    offered: &[String],
    compression: Option<&Compression>,
) -> Result<Agreed, &'static str> {
    let values = |name: &'static str| {
        let named = response.headers().filter(move |(each, _)| each.eq_ignore_ascii_case(name));
        named.map(|(_, value)| {
            std::str::from_utf8(value).unwrap_or_default().trim_matches([' ', '\t'])
        })
    };
    let has = |name, token: &str| {
        let mut elements = values(name).flat_map(|value| value.split(','));
        elements.any(|element| element.trim_matches([' ', '\t']).eq_ignore_ascii_case(token))
    };
    if !has("upgrade", "websocket") || !has("connection", "upgrade") {
        return Err("the server speaks of another protocol");
    }
    if !values("sec-websocket-accept").eq(accept_key(key).as_deref()) {
        return Err("the server has not understood the key");
    }
    let mut protocols = values("sec-websocket-protocol");
    let subprotocol = protocols.next();
    if subprotocol.is_some_and(|name| !offered.iter().any(|each| each == name))
        || protocols.next().is_some()
    {
        return Err("the server chose a subprotocol that was not offered");
    }
    let answer = values("sec-websocket-extensions").collect::<Vec<_>>().join(",");
    let deflate = extensions::parse(&answer)
        .and_then(|answer| extensions::conclude(&answer, compression))
        .map_err(|_| "the server chose an extension that was not offered")?;
    Ok((deflate.map(Box::new), subprotocol.map(Box::from)))
}

impl From<HTTPRequest> for WebSocketRequest {
    fn from(request: HTTPRequest) -> Self {
        Self {
            request,
            client: None,
            settings: WebSocketSettings::default(),
            subprotocols: Vec::new(),
        }
    }
}

impl From<&str> for WebSocketRequest {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<String> for WebSocketRequest {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

/// Why a WebSocket was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The server was not reached, has answered anything but 101, or no HTTP.
    Http(HTTPClientError),
    /// The server has answered 101, but not to what it was asked; or it could not be asked.
    Handshake(&'static str),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(f),
            Self::Handshake(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Http(error) => error.source(),
            Self::Handshake(_) => None,
        }
    }
}

impl From<HTTPClientError> for ConnectError {
    fn from(error: HTTPClientError) -> Self {
        Self::Http(error)
    }
}

/// Opens a WebSocket again whenever it has ended, with pauses while that fails.
///
/// ```no_run
/// use gustnado::websocket::{Reconnect, WebSocketRequest};
///
/// # async fn example() -> gustnado::Result<()> {
/// let mut prices = Reconnect::new(|| WebSocketRequest::new("ws://example.com/prices"));
/// loop {
///     let mut socket = prices.connect().await?; // fails when it has tried often enough
///     socket.send("subscribe").await?;
///     while let Ok(Some(price)) = socket.recv().await {
///         println!("{price:?}");
///     }
/// }
/// # }
/// ```
pub struct Reconnect {
    request: Box<dyn FnMut() -> WebSocketRequest>,
    retry: Retry,
    /// How often it has tried since it was last connected.
    attempts: u32,
}

impl Reconnect {
    /// Makes a new `request` for each attempt. Unless [said otherwise](Self::retry), it never gives up; it pauses one second, two, four, and
    /// so on until 30, each made longer or shorter by chance.
    pub fn new(request: impl FnMut() -> WebSocketRequest + 'static) -> Self {
        let retry = Retry::exponential(Duration::from_secs(1))
            .longest(Duration::from_secs(30))
            .attempts(u32::MAX)
            .jitter(1.0);
        Self { request: Box::new(request), retry, attempts: 0 }
    }

    /// How often it tries, and the pauses in between.
    #[must_use]
    pub fn retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// Opens the next WebSocket: at once the first time, else after a pause, so that a server that closes each at once is not stormed.
    ///
    /// # Errors
    ///
    /// That of the last attempt, when it has tried often enough.
    pub async fn connect(&mut self) -> Result<WebSocket, ConnectError> {
        loop {
            if self.attempts > 0 {
                sleep(self.retry.pause(self.attempts)).await;
            }
            self.attempts = self.attempts.saturating_add(1);
            match (self.request)().connect().await {
                Ok(socket) => {
                    // The next pause is the first one again.
                    self.attempts = 1;
                    return Ok(socket);
                }
                Err(error) if !self.retry.allows(self.attempts) => return Err(error),
                Err(error) => {
                    tracing::info!(target: "gustnado.general", "cannot open a WebSocket: {error}");
                }
            }
        }
    }
}

impl fmt::Debug for Reconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconnect").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}
