//! Who the client is, behind proxies.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::http::Request;
use crate::web::Context;

/// The proxies whose word is taken for who a client is.
///
/// Their `X-Forwarded-For` and `X-Real-Ip` say its address, their `X-Forwarded-Proto` and `X-Scheme` how it is connected. From anybody
/// else, these headers are only text.
///
/// ```
/// use gustnado::TrustedProxies;
///
/// let proxies = TrustedProxies::new(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])?;
/// # Ok::<(), gustnado::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<Network>);

/// The addresses that have their first bits in common.
#[derive(Clone, Copy, Debug)]
struct Network {
    first: u128,
    mask: u128,
}

impl TrustedProxies {
    /// Proxies by address, or by network in the notation of CIDR.
    ///
    /// # Errors
    ///
    /// A text is neither.
    pub fn new(networks: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, crate::Error> {
        let parse = |text: &str| {
            Network::parse(text).ok_or_else(|| {
                crate::Error::msg(format!("{text:?} is neither an address nor a network"))
            })
        };
        let networks = networks.into_iter().map(|text| parse(text.as_ref()));
        networks.collect::<Result<_, _>>().map(Self)
    }

    fn has(&self, address: IpAddr) -> bool {
        let bits = bits(address);
        self.0.iter().any(|network| bits & network.mask == network.first)
    }

    /// The address of who has sent a request, as far as it can be believed.
    pub(in crate::web) fn client(&self, request: &Request) -> IpAddr {
        let peer = request.remote_addr().ip();
        if !self.has(peer) {
            return peer;
        }
        // The nearest proxy has written the last one; what comes before may be anybody's.
        let mut client = None;
        let forwarded: Vec<&str> = values(request, "x-forwarded-for").collect();
        for text in forwarded.into_iter().rev() {
            let Some(address) = address(text) else { break };
            client = Some(address);
            if !self.has(address) {
                break;
            }
        }
        let real = || address(request.header("x-real-ip")?);
        client.or_else(real).unwrap_or(peer)
    }

    fn is_secure(&self, request: &Request) -> bool {
        self.has(request.remote_addr().ip())
            && ["x-scheme", "x-forwarded-proto"].iter().any(|name| {
                values(request, name)
                    .last()
                    .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
            })
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let whole: u32 = if address.is_ipv4() { 32 } else { 128 };
        let spare = whole.checked_sub(length.unwrap_or(whole))?;
        let mask = u128::MAX.checked_shl(spare).unwrap_or(0);
        Some(Self { first: bits(address) & mask, mask })
    }
}

/// All addresses as numbers of IPv6.
fn bits(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    address.to_bits()
}

/// The parts of all headers of this name.
fn values<'r>(request: &'r Request, name: &'r str) -> impl Iterator<Item = &'r str> {
    let headers = request.headers().filter(move |header| header.0.eq_ignore_ascii_case(name));
    let texts = headers.filter_map(|header| std::str::from_utf8(header.1).ok());
    texts.flat_map(|text| text.split(',')).map(|part| part.trim_matches([' ', '\t']))
}

/// An address, perhaps with a port, as some proxies write it.
fn address(text: &str) -> Option<IpAddr> {
    let address: IpAddr = match text.parse() {
        Ok(address) => address,
        Err(_) => text.parse::<SocketAddr>().ok()?.ip(),
    };
    Some(address.to_canonical())
}

impl Context {
    /// The client's address: the one at the other end of the connection, or what a [trusted proxy](crate::Application::trusted_proxies)
    /// there says.
    pub fn remote_ip(&self) -> IpAddr {
        self.site().client(self)
    }

    /// Whether the client is connected by TLS: to here, or as a [trusted proxy](crate::Application::trusted_proxies) says, to that.
    pub fn is_secure(&self) -> bool {
        let is_forwarded = |proxies: &TrustedProxies| proxies.is_secure(self);
        self.request().is_secure() || self.provided().is_some_and(is_forwarded)
    }

    /// The scheme of the URL that the client has asked: `https` if it [is connected by TLS](Self::is_secure), else `http`.
    pub fn protocol(&self) -> &'static str {
        if self.is_secure() { "https" } else { "http" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ioloop::IOLoop;
    use crate::web::testing::request;

    fn client(networks: &[&str], headers: &[(&str, &str)]) -> String {
        let _io_loop = IOLoop::new().unwrap();
        let proxies = TrustedProxies::new(networks).unwrap();
        proxies.client(&request("GET", "/", headers, b"")).to_string()
    }

    /// The peer of these requests is 127.0.0.1.
    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let headers = [("X-Forwarded-For", "1.2.3.4"), ("X-Real-Ip", "1.2.3.4")];
        assert_eq!(client(&[], &headers), "127.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], &headers), "127.0.0.1");
        assert_eq!(client(&["127.0.0.1"], &headers), "1.2.3.4");
        assert_eq!(client(&["127.0.0.0/8"], &headers), "1.2.3.4");
        assert_eq!(client(&["0.0.0.0/0"], &headers[1..]), "1.2.3.4");
    }

    #[test]
    fn what_a_client_says_before_the_proxy_is_not_believed() {
        let of = |text: &str| client(&["127.0.0.1", "10.0.0.0/8"], &[("X-Forwarded-For", text)]);
        assert_eq!(of("9.9.9.9, 1.2.3.4"), "1.2.3.4");
        assert_eq!(of("9.9.9.9, 1.2.3.4, 10.0.0.1"), "1.2.3.4");
        assert_eq!(of("10.0.0.2, 10.0.0.1"), "10.0.0.2");
        assert_eq!(of("<script>, 10.0.0.1"), "10.0.0.1");
        assert_eq!(of("1.2.3.4:567"), "1.2.3.4");
        assert_eq!(of("[2001:db8::1]:567"), "2001:db8::1");
        assert_eq!(of("::ffff:1.2.3.4"), "1.2.3.4");
        for text in ["", ",", "unknown", "1.2.3", "1.2.3.4 5", "<script>"] {
            assert_eq!(of(text), "127.0.0.1", "{text}");
        }
        let several = [("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-For", "1.2.3.4")];
        assert_eq!(client(&["127.0.0.1"], &several), "1.2.3.4");
    }

    #[test]
    fn the_last_scheme_counts() {
        let _io_loop = IOLoop::new().unwrap();
        let proxies = TrustedProxies::new(["127.0.0.1"]).unwrap();
        let is_secure = |scheme: &str| {
            let headers = [("X-Forwarded-Proto", scheme)];
            proxies.is_secure(&request("GET", "/", &headers, b""))
        };
        assert!(is_secure("https") && is_secure("http, HTTPS"));
        assert!(!is_secure("https, http") && !is_secure("") && !is_secure("https-ish"));
        let headers = [("X-Forwarded-Proto", "https")];
        let strangers = TrustedProxies::new(["10.0.0.1"]).unwrap();
        assert!(!strangers.is_secure(&request("GET", "/", &headers, b"")));
    }

    #[test]
    fn what_is_no_network_is_an_error() {
        for text in ["", "localhost", "1.2.3.4/33", "1.2.3.4/-1", "::/129", "1.2.3.4/", "/8"] {
            assert!(TrustedProxies::new([text]).is_err(), "{text}");
        }
    }
}
