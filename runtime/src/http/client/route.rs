//! How a server is reached.

use super::connection::Connection;
use super::errors::{HTTPClientError, Phase};
use super::pool::Shared;
use super::proxy::{Environment, Proxy};
use super::record::Parts;
#[cfg(feature = "tls")]
use super::secure::Secure;
use crate::coroutine::cancel_after;
use crate::ioloop::Frame;
use crate::iostream::IOStream;
use crate::tcpclient::first_of;
use std::borrow::Cow;
use std::cell::Cell;
#[cfg(not(feature = "tls"))]
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

/// What a request says about the way to its server.
#[derive(Clone, Debug, Default)]
pub(super) struct Route {
    pub(super) network_interface: Option<IpAddr>,
    pub(super) refuses_ipv6: bool,
    pub(super) unix_socket: Option<PathBuf>,
    pub(super) proxy: Choice,
    #[cfg(feature = "tls")]
    pub(super) secure: Secure,
}

/// Which proxy a request wants.
#[derive(Clone, Debug, Default)]
pub(super) enum Choice {
    /// The client's.
    #[default]
    Usual,
    Nobody,
    Own(Rc<Proxy>),
}

/// The proxies of a client.
#[derive(Clone, Debug, Default)]
pub(super) enum Proxies {
    #[default]
    Nobody,
    One(Rc<Proxy>),
    Environment(Rc<Environment>),
}

impl Parts {
    /// The proxy that this request goes through, where it goes now.
    pub(super) fn proxy<'a>(&'a self, proxies: &'a Proxies) -> Option<&'a Rc<Proxy>> {
        match self.route.as_deref().map(|route| &route.proxy) {
            Some(Choice::Nobody) => None,
            Some(Choice::Own(proxy)) => Some(proxy),
            Some(Choice::Usual) | None => match proxies {
                Proxies::Nobody => None,
                Proxies::One(proxy) => Some(proxy),
                Proxies::Environment(environment) => environment.proxy_for(&self.url),
            },
        }
    }

    /// What tells connections apart that must not serve each other's requests: where they lead, and the way there, with what was
    /// said about the user on the way.
    pub(super) fn key<'a>(&'a self, proxies: &Proxies) -> Cow<'a, str> {
        let origin = self.url.origin();
        let proxy = self.proxy(proxies);
        if proxy.is_none() && self.route.is_none() {
            return Cow::Borrowed(origin);
        }
        let proxy = proxy.map(|proxy| proxy.key());
        let way = self.route.as_deref().map(|route| {
            let Route { network_interface, refuses_ipv6, unix_socket, .. } = route;
            let way = (network_interface, refuses_ipv6, unix_socket);
            #[cfg(feature = "tls")]
            let way = (way, route.secure.key());
            way
        });
        Cow::Owned(format!("{origin} {way:?} {proxy:?}"))
    }

    /// Whether a proxy only passes on what is said: what is secret, or no HTTP.
    pub(super) fn tunnels(&self) -> bool {
        self.url.is_secure() || self.upgrade.is_some()
    }

    pub(super) fn route_mut(&mut self) -> &mut Route {
        self.route.get_or_insert_default()
    }
}

/// A connection, and when the host's name was resolved.
type Opened = Result<(Connection, u64), HTTPClientError>;

/// Opens a connection for a request. Like everything that not every fetch does, this has a frame of its own, so that the others' are
/// small.
#[cold]
pub(super) fn connect(client: &Rc<Shared>, parts: &Parts, deadline: Instant) -> Frame<Opened> {
    let opening = Opening {
        client: client.clone(),
        host: parts.url.host().to_owned(),
        port: parts.url.port(),
        is_secure: parts.url.is_secure(),
        tunnels: parts.tunnels(),
        route: parts.route.as_deref().cloned().unwrap_or_default(),
        proxy: parts.proxy(&client.proxies).cloned(),
        phase: Cell::new(Phase::Resolve),
        resolved: Cell::new(client.core.ticks()),
    };
    Frame::new(async move {
        match cancel_after(deadline, opening.open()).await {
            Ok(Ok(stream)) => {
                // Requests leave in one piece; waiting for more would only delay them. A socket that refuses works all the same.
                let _ = stream.set_nodelay(true);
                Ok((Connection::new(stream, false), opening.resolved.get()))
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(HTTPClientError::Timeout(opening.phase.get())),
        }
    })
}

struct Opening {
    client: Rc<Shared>,
    host: String,
    port: u16,
    is_secure: bool,
    /// Whether a proxy is to stay out of what is said.
    tunnels: bool,
    route: Route,
    proxy: Option<Rc<Proxy>>,
    /// What it is doing.
    phase: Cell<Phase>,
    /// When the host's name was resolved, in the loop's ticks.
    resolved: Cell<u64>,
}

impl Opening {
    async fn open(&self) -> Result<IOStream, HTTPClientError> {
        let stream = match &self.route.unix_socket {
            Some(path) => {
                self.phase.set(Phase::Connect);
                IOStream::connect_unix(path).await.map_err(HTTPClientError::Connect)?
            }
            None => self.open_tcp().await?,
        };
        if self.is_secure {
            self.secure(&stream).await?;
        }
        Ok(stream)
    }

    #[cfg(feature = "tls")]
    async fn secure(&self, stream: &IOStream) -> Result<(), HTTPClientError> {
        self.route.secure.handshake(stream, &self.host, &self.client.secure).await
    }

    #[cfg(not(feature = "tls"))]
    async fn secure(&self, _: &IOStream) -> Result<(), HTTPClientError> {
        let text = "https needs the feature `tls` of gustnado";
        Err(HTTPClientError::Connect(io::Error::new(io::ErrorKind::Unsupported, text)))
    }

    /// Connects to the server, or to the proxy and through it.
    async fn open_tcp(&self) -> Result<IOStream, HTTPClientError> {
        let Some(proxy) = &self.proxy else { return self.dial(&self.host, self.port).await };
        let target = match proxy.needs_address() {
            true => self.resolve(&self.host, self.port).await?.first().map(SocketAddr::ip),
            false => None,
        };
        let stream = self.dial(proxy.host(), proxy.port()).await?;
        if proxy.takes_requests(self.tunnels) {
            return Ok(stream);
        }
        let target = target.map_or(Cow::Borrowed(&self.host), |ip| Cow::Owned(ip.to_string()));
        proxy.tunnel(&stream, &target, self.port).await.map_err(HTTPClientError::Connect)?;
        Ok(stream)
    }

    async fn dial(&self, host: &str, port: u16) -> Result<IOStream, HTTPClientError> {
        let addresses = self.resolve(host, port).await?;
        self.phase.set(Phase::Connect);
        let source = self.route.network_interface;
        let connect = |address| async move {
            match source {
                Some(source) => IOStream::connect_from((source, 0).into(), address).await,
                None => IOStream::connect(address).await,
            }
        };
        first_of(addresses.into_iter(), connect).await.map_err(HTTPClientError::Connect)
    }

    /// The addresses of a host that may be connected to.
    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, HTTPClientError> {
        self.phase.set(Phase::Resolve);
        let resolving = self.client.resolver.resolve(host, port);
        let mut addresses = resolving.await.map_err(HTTPClientError::Resolve)?;
        self.resolved.set(self.client.core.ticks());
        let Route { network_interface, refuses_ipv6, .. } = &self.route;
        addresses.retain(|address| {
            let fits = network_interface.is_none_or(|ip| ip.is_ipv4() == address.is_ipv4());
            fits && !(*refuses_ipv6 && address.is_ipv6())
        });
        Ok(addresses)
    }
}
