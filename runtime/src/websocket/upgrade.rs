//! How a request becomes a WebSocket: RFC 6455 §4.2.

use super::connection::WebSocket;
use super::deflate::{Compression, Deflate};
use super::extensions;
use super::key::accept_key;
use super::settings::WebSocketSettings;
use super::socket::{Agreement, Socket};
use crate::error::{Error, HTTPError, Result};
use crate::http::{Headers, InvalidHeader, Request, Upgraded};
use crate::web::{Context, FromRequest};
use ::http::{Method, StatusCode, Version};
use std::fmt;
use std::rc::Rc;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

/// A request for a WebSocket, which is still to be accepted: an argument of a handler that wants to decide about the origin, the
/// subprotocol, compression or headers. One that does not takes a [`WebSocket`].
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::websocket::{Compression, WebSocketUpgrade};
///
/// #[route("/chat")]
/// async fn chat(upgrade: WebSocketUpgrade) -> Result<()> {
///     let mut socket = upgrade
///         .check_origin(|origin| origin == "https://example.com")
///         .subprotocols(&["chat.v2", "chat"])
///         .compression(Compression::default())
///         .accept()?;
///     socket.send("welcome").await?;
///     Ok(())
/// }
/// ```
pub struct WebSocketUpgrade {
    request: Request,
    accept: String,
    settings: Rc<WebSocketSettings>,
    allowed: bool,
    subprotocol: Option<Box<str>>,
    headers: Headers,
}

impl WebSocketUpgrade {
    /// Looks at a request, as Tornado does and in its order.
    fn new(cx: &Context) -> Result<Self, HTTPError> {
        let request = cx.request();
        if *request.method() != Method::GET {
            return Err(HTTPError::new(StatusCode::METHOD_NOT_ALLOWED));
        }
        if !has_token(request, "upgrade", "websocket") {
            return Err(bad("Can \"Upgrade\" only to \"WebSocket\"."));
        }
        if !has_token(request, "connection", "upgrade") {
            return Err(bad("\"Connection\" must be \"Upgrade\"."));
        }
        let is_complete = request.version() == Version::HTTP_11
            && !request.host().is_empty()
            && !request.has_body();
        let accept = only(request, "sec-websocket-key").and_then(accept_key);
        let Some(accept) = accept.filter(|_| is_complete) else {
            return Err(bad("Missing/Invalid WebSocket headers"));
        };
        if only(request, "sec-websocket-version") != Some("13") {
            let error = HTTPError::new(StatusCode::UPGRADE_REQUIRED);
            return Err(error.with_reason("WebSockets have version 13"));
        }
        let settings = match cx.provided::<WebSocketSettings>() {
            Some(settings) => settings.clone(),
            None => WebSocketSettings::default(),
        };
        Ok(Self {
            allowed: origin(request).is_none_or(|origin| is_same_origin(origin, request.host())),
            request: request.clone(),
            accept,
            settings: Rc::new(settings),
            subprotocol: None,
            headers: Headers::default(),
        })
    }

    /// Decides which pages may connect, by the origin that the browser names. Unless said otherwise, those of this very host and port:
    /// a browser sends the user's cookies from everywhere. Who names no origin is no browser, and is not asked.
    pub fn check_origin(mut self, check: impl FnOnce(&str) -> bool) -> Self {
        self.allowed = origin(&self.request).is_none_or(check);
        self
    }

    /// The subprotocols that the client can speak, the ones it likes best first.
    pub fn offered_subprotocols(&self) -> Vec<&str> {
        let values = values(&self.request, "sec-websocket-protocol");
        values
            .flat_map(|value| value.split(','))
            .map(trim)
            .filter(|name| !name.is_empty())
            .collect()
    }

    /// Agrees to the first of these subprotocols that the client offers; if it offers none of them, there is none.
    pub fn subprotocols(self, known: &[&str]) -> Self {
        self.select_subprotocol(|offered| {
            known.iter().copied().find(|known| offered.contains(known))
        })
    }

    /// Agrees to the subprotocol that `select` chooses among those that the client offers, perhaps none. Something that was not offered
    /// counts as none.
    pub fn select_subprotocol<'a>(
        mut self,
        select: impl FnOnce(&[&str]) -> Option<&'a str>,
    ) -> Self {
        let offered = self.offered_subprotocols();
        let selected = select(&offered).filter(|name| offered.contains(name));
        self.subprotocol = selected.map(Box::from);
        self
    }

    /// Compresses messages, if the client can do that.
    pub fn compression(self, compression: impl Into<Option<Compression>>) -> Self {
        let compression = compression.into();
        self.change(|settings| settings.compression = compression)
    }

    /// Gives the connection settings of its own, instead of the application's.
    pub fn settings(mut self, settings: WebSocketSettings) -> Self {
        self.settings = Rc::new(settings);
        self
    }

    fn change(mut self, change: impl FnOnce(&mut WebSocketSettings)) -> Self {
        change(Rc::make_mut(&mut self.settings));
        self
    }

    /// Adds a header to the response, such as a Set-Cookie.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader`]; the names of the handshake's own headers are [`Reserved`](InvalidHeader::Reserved).
    pub fn header(
        mut self,
        name: impl AsRef<str>,
        value: impl AsRef<[u8]>,
    ) -> Result<Self, InvalidHeader> {
        let is_ours = |prefix: &[u8]| prefix.eq_ignore_ascii_case(b"sec-websocket-");
        let name_bytes = name.as_ref().as_bytes();
        if name_bytes.eq_ignore_ascii_case(b"upgrade")
            || name_bytes.first_chunk::<14>().is_some_and(|prefix| is_ours(prefix))
        {
            return Err(InvalidHeader::Reserved);
        }
        self.headers.append(name, value)?;
        Ok(self)
    }

    /// Answers with 101: from now on, the connection is a WebSocket, and what the handler returns is not sent any more.
    ///
    /// # Errors
    ///
    /// A 403 if the page [may not](Self::check_origin) connect; a 400 if the offered extensions are malformed.
    pub fn accept(self) -> Result<WebSocket> {
        if !self.allowed {
            let error = HTTPError::new(StatusCode::FORBIDDEN);
            return Err(error.with_reason("Cross origin websockets not allowed").into());
        }
        let (deflate, extension) = self.agree()?;
        let mut head = Vec::with_capacity(256);
        head.extend_from_slice(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        );
        let subprotocol = self.subprotocol.as_deref();
        for (name, value) in [
            ("Sec-WebSocket-Accept", Some(&*self.accept)),
            ("Sec-WebSocket-Protocol", subprotocol),
            ("Sec-WebSocket-Extensions", extension.as_deref()),
        ] {
            if let Some(value) = value {
                head.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
        }
        head.extend_from_slice(self.headers.as_bytes());
        head.extend_from_slice(b"\r\n");

        let Self { request, settings, subprotocol, .. } = self;
        let agreement = Agreement { settings, deflate, subprotocol, is_client: false };
        Ok(request.upgrade(&head, |stream| {
            let socket = Socket::new(stream, agreement);
            (WebSocket::new(socket.clone()), socket)
        }))
    }

    /// What becomes of the extensions that the client offers.
    fn agree(&self) -> Result<(Option<Box<Deflate>>, Option<String>)> {
        let offers: Vec<&str> = values(&self.request, "sec-websocket-extensions").collect();
        let offers = offers.join(",");
        let Ok(offers) = extensions::parse(&offers) else {
            return Err(bad("Missing/Invalid WebSocket headers").into());
        };
        let compression = self.settings.compression.as_ref();
        let agreed = compression.and_then(|compression| extensions::accept(&offers, compression));
        Ok(agreed.map(|(deflate, answer)| (Box::new(deflate), answer)).unzip())
    }
}

impl Upgraded for Socket {
    fn leave(&self) {
        self.start_close(Some(&CloseFrame { code: CloseCode::Away, reason: "".into() }));
    }

    fn ended(&self, status: StatusCode) {
        if status.is_client_error() || status.is_server_error() {
            self.fail();
        }
    }
}

impl<'r> FromRequest<'r> for WebSocketUpgrade {
    async fn from_request(cx: &'r Context) -> Result<Self> {
        Self::new(cx).map_err(Error::from)
    }
}

impl<'r> FromRequest<'r> for WebSocket {
    async fn from_request(cx: &'r Context) -> Result<Self> {
        WebSocketUpgrade::new(cx)?.accept()
    }
}

impl fmt::Debug for WebSocketUpgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketUpgrade").field("request", &self.request).finish_non_exhaustive()
    }
}

fn bad(reason: &'static str) -> HTTPError {
    HTTPError::new(StatusCode::BAD_REQUEST).with_reason(reason)
}

/// The values of a header, line by line, as far as they are text.
fn values<'r>(request: &'r Request, name: &'static str) -> impl Iterator<Item = &'r str> {
    let named = request.headers().filter(move |(each, _)| each.eq_ignore_ascii_case(name));
    named.filter_map(|(_, value)| std::str::from_utf8(value).ok())
}

/// The value of a header that must not come twice.
fn only<'r>(request: &'r Request, name: &'static str) -> Option<&'r str> {
    let mut values = values(request, name);
    values.next().filter(|_| values.next().is_none()).map(trim)
}

/// Whether a list has this element, in any case of letters.
fn has_token(request: &Request, name: &'static str, token: &str) -> bool {
    let mut elements = values(request, name).flat_map(|value| value.split(',')).map(trim);
    elements.any(|element| element.eq_ignore_ascii_case(token))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// The origin of the page, in the header of today or that of early drafts; `None` if there is none. One that is not text is one that
/// nobody knows.
fn origin(request: &Request) -> Option<&str> {
    let value =
        request.header_bytes("origin").or_else(|| request.header_bytes("sec-websocket-origin"))?;
    Some(std::str::from_utf8(value).unwrap_or_default())
}

/// Whether an origin has the host and port that were asked. As in Tornado, the scheme is not compared: behind a proxy it is not known.
fn is_same_origin(origin: &str, host: &str) -> bool {
    let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
    authority.eq_ignore_ascii_case(host)
}
