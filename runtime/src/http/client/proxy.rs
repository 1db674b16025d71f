//! Proxies: what asks servers in our place.

mod environment;
mod socks5;

pub(super) use self::environment::Environment;

use super::errors::InvalidRequest;
use super::head::ResponseHead;
use super::url::{Credentials, Url};
use crate::http::Limits;
use crate::iostream::{IOStream, StreamError};
use std::fmt;
use std::io;

/// A proxy, for [a request](super::HTTPRequest::proxy) or [a client](super::AsyncHTTPClientBuilder::proxy).
///
/// An HTTP proxy is sent requests for `http` URLs as they are, and asked for a tunnel (CONNECT) to the servers of `https` ones. A
/// SOCKS5 proxy (RFC 1928) makes connections for both; with `socks5h` it also looks up the names.
///
/// ```
/// use gustnado::http::{InvalidRequest, Proxy};
///
/// let proxy = Proxy::new("http://user:password@proxy.example:3128")?;
/// let tor = Proxy::new("socks5h://127.0.0.1:9050")?;
/// # Ok::<(), InvalidRequest>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: Kind,
    host: String,
    port: u16,
    credentials: Option<Credentials>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Http,
    /// With the names looked up by us, or by the proxy.
    Socks5 {
        by_name: bool,
    },
}

impl Proxy {
    /// The proxy at `url`: `http://host:port`, `socks5://host:port` or `socks5h://host:port`. User information in it is sent to
    /// the proxy, and only there. Without a port, it is 80, or 1080 for SOCKS5.
    ///
    /// # Errors
    ///
    /// Another scheme, or what is wrong with the URL.
    pub fn new(url: impl AsRef<str>) -> Result<Self, InvalidRequest> {
        let (scheme, rest) = url.as_ref().split_once("://").ok_or(InvalidRequest::Scheme)?;
        let (kind, usual) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (Kind::Http, 80),
            "socks5" => (Kind::Socks5 { by_name: false }, 1080),
            "socks5h" => (Kind::Socks5 { by_name: true }, 1080),
            _ => return Err(InvalidRequest::Scheme),
        };
        let (mut place, mut other) = (Url::default(), Url::default());
        let credentials = place.set(&format!("http://{rest}"))?;
        other.set(&format!("https://{rest}"))?;
        // Only a port that was given is the same for both.
        let port = if place.port() == other.port() { place.port() } else { usual };
        Ok(Self { kind, host: place.host().to_owned(), port, credentials })
    }

    /// The same proxy, with this user.
    #[must_use]
    pub fn basic_auth(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        let (username, password) = (username.into(), password.into());
        self.credentials = Some(Credentials { username, password });
        self
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is sent requests for this URL, instead of being asked for a connection.
    pub(super) fn takes_requests(&self, is_secure: bool) -> bool {
        self.kind == Kind::Http && !is_secure
    }

    /// What it is told about the user: the value of Proxy-Authorization.
    pub(super) fn authorization(&self) -> Option<String> {
        self.credentials.as_ref().map(Credentials::basic)
    }

    /// What tells its connections from others'.
    pub(super) fn key(&self) -> String {
        let Self { kind, host, port, credentials } = self;
        let user = credentials.as_ref().map(|user| (&user.username, &user.password));
        format!("{kind:?} {host} {port} {user:?}")
    }

    /// Whether it wants an address, and not a name.
    pub(super) fn needs_address(&self) -> bool {
        self.kind == (Kind::Socks5 { by_name: false })
    }

    /// Has a connection made to a server, over one to the proxy. `host` has no brackets.
    pub(super) async fn tunnel(
        &self,
        stream: &IOStream,
        host: &str,
        port: u16,
    ) -> Result<(), io::Error> {
        match self.kind {
            Kind::Http => self.connect(stream, host, port).await,
            Kind::Socks5 { .. } => {
                socks5::connect(stream, host, port, self.credentials.as_ref()).await
            }
        }
    }

    /// RFC 9110 §9.3.6.
    async fn connect(&self, stream: &IOStream, host: &str, port: u16) -> Result<(), io::Error> {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
        if let Some(authorization) = self.authorization() {
            request += &format!("Proxy-Authorization: {authorization}\r\n");
        }
        request += "\r\n";
        stream.write(request.as_bytes()).await.map_err(broken)?;
        let limits = Limits::default();
        let most = limits.request_line + limits.header_bytes;
        let answer = stream.read_until_within(b"\r\n\r\n", most).await.map_err(broken)?;
        let mut head = ResponseHead::default();
        let complete = head.parse(&answer, &limits).map_err(io::Error::other)?;
        let status = head.status();
        if complete != Some(answer.len()) || !status.is_success() {
            return Err(io::Error::other(format!("the proxy has refused: {status}")));
        }
        Ok(())
    }
}

impl fmt::Debug for Proxy {
    /// Without the user, who has secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("kind", &self.kind)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// The connection to the proxy has ended.
fn broken(error: StreamError) -> io::Error {
    let text = format!("the proxy has closed the connection: {error}");
    io::Error::new(io::ErrorKind::ConnectionAborted, text)
}
