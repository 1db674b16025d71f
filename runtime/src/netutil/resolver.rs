//! From names to addresses.

use crate::ioloop::{Core, Executor, Frame};
use std::collections::HashMap;
use std::future::ready;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::LazyLock;

/// Looks up the addresses of a host.
///
/// ```
/// use gustnado::netutil::{Resolver, ThreadedResolver};
///
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// let addresses = ThreadedResolver::new().resolve("localhost", 80).await?;
/// assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 80));
/// # Ok::<(), std::io::Error>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Resolver {
    /// The addresses of `host`, a name or an address without brackets, in the order in which they should be tried.
    fn resolve(&self, host: &str, port: u16) -> Frame<io::Result<Vec<SocketAddr>>>;
}

/// Asks the system (`getaddrinfo`), on threads, because that blocks. Unless it is given [an executor](Self::with_executor), these are
/// ten threads, as in Tornado, which all loops share, so that a slow name server does not delay other jobs.
///
/// Addresses need no thread, and neither does `localhost`, which is this machine whatever anybody says (RFC 6761 §6.3). A
/// [simulated](crate::testing::simulation) world has no other names; an [`OverrideResolver`] can give it some.
#[derive(Clone, Debug)]
pub struct ThreadedResolver {
    executor: Executor,
}

static THREADS: LazyLock<Executor> = LazyLock::new(|| Executor::new(10));

impl ThreadedResolver {
    /// A resolver with the ten threads.
    pub fn new() -> Self {
        Self::with_executor(THREADS.clone())
    }

    /// A resolver with the threads of `executor`.
    pub fn with_executor(executor: Executor) -> Self {
        Self { executor }
    }
}

impl Default for ThreadedResolver {
    fn default() -> Self {
        Self::new()
    }
}

impl Resolver for ThreadedResolver {
    fn resolve(&self, host: &str, port: u16) -> Frame<io::Result<Vec<SocketAddr>>> {
        if let Some(addresses) = known(host) {
            let addresses = addresses.iter().map(|address| (*address, port).into()).collect();
            return Frame::new(ready(Ok(addresses)));
        }
        if Core::current().is_some_and(|core| core.is_simulated()) {
            let text = format!("a simulated world has no {host:?}: see OverrideResolver");
            return Frame::new(ready(Err(io::Error::new(io::ErrorKind::NotFound, text))));
        }
        let host = host.to_owned();
        let asking = self.executor.run(move || {
            let addresses = (host.as_str(), port).to_socket_addrs()?;
            Ok(addresses.collect())
        });
        Frame::new(async { asking.await.map_err(|error| io::Error::other(error.to_string()))? })
    }
}

/// What nobody has to be asked for.
fn known(host: &str) -> Option<Vec<IpAddr>> {
    if let Ok(address) = host.parse() {
        return Some(vec![address]);
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_local = name.eq_ignore_ascii_case("localhost");
    is_local.then(|| vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
}

/// Sends some hosts elsewhere, and asks another resolver for the rest: Tornado's class of that name, and its `hostname_mapping`.
///
/// ```
/// use gustnado::netutil::{OverrideResolver, Resolver, ThreadedResolver};
///
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// let resolver = OverrideResolver::new(ThreadedResolver::new())
///     .host("api.test", "127.0.0.1")
///     .host_and_port(("api.test", 443), ("127.0.0.1", 8443));
/// assert_eq!(resolver.resolve("api.test", 80).await?, [([127, 0, 0, 1], 80).into()]);
/// assert_eq!(resolver.resolve("api.test", 443).await?, [([127, 0, 0, 1], 8443).into()]);
/// # Ok::<(), std::io::Error>(())
/// # })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct OverrideResolver<R> {
    inner: R,
    hosts: HashMap<String, String>,
    ports: HashMap<(String, u16), (String, u16)>,
}

impl<R: Resolver> OverrideResolver<R> {
    /// A resolver that asks `inner` for everything.
    pub fn new(inner: R) -> Self {
        Self { inner, hosts: HashMap::new(), ports: HashMap::new() }
    }

    /// The same resolver, which takes `target`, a name or an address, for `host`.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>, target: impl Into<String>) -> Self {
        self.hosts.insert(host.into().to_ascii_lowercase(), target.into());
        self
    }

    /// The same resolver, which takes the host and port `target` for `from`. This goes before what [`host`](Self::host) says.
    #[must_use]
    pub fn host_and_port(
        mut self,
        from: (impl Into<String>, u16),
        target: (impl Into<String>, u16),
    ) -> Self {
        let from = (from.0.into().to_ascii_lowercase(), from.1);
        self.ports.insert(from, (target.0.into(), target.1));
        self
    }
}

impl<R: Resolver> Resolver for OverrideResolver<R> {
    fn resolve(&self, host: &str, port: u16) -> Frame<io::Result<Vec<SocketAddr>>> {
        let host = host.to_ascii_lowercase();
        let from = (host, port);
        if let Some((host, port)) = self.ports.get(&from) {
            return self.inner.resolve(host, *port);
        }
        let host = self.hosts.get(&from.0).unwrap_or(&from.0);
        self.inner.resolve(host, port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_localhost_are_known() {
        assert_eq!(known("127.0.0.1"), Some(vec![Ipv4Addr::LOCALHOST.into()]));
        assert_eq!(known("::1"), Some(vec![Ipv6Addr::LOCALHOST.into()]));
        assert_eq!(known("LocalHost.").map(|addresses| addresses.len()), Some(2));
        assert_eq!(known("localhost.example"), None);
    }
}
