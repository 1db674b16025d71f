//! Proxies that the environment names.

use super::Proxy;
use crate::http::client::url::Url;
use std::net::IpAddr;
use std::rc::Rc;

/// What `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` say, in lower or upper case.
#[derive(Clone, Debug, Default)]
pub(in crate::http::client) struct Environment {
    http: Option<Rc<Proxy>>,
    https: Option<Rc<Proxy>>,
    exceptions: Vec<Exception>,
}

/// Who is asked directly.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    Everybody,
    /// A network: an address, and how many of its bits count.
    Network(IpAddr, u32),
    /// A name, and everything below it; with a port, only that.
    Name(String, Option<u16>),
}

impl Environment {
    /// Reads the process's own variables.
    pub(in crate::http::client) fn read() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        // A web server hands a request's header `Proxy` to a CGI program as HTTP_PROXY (CVE-2016-5385).
        let is_cgi = variable("REQUEST_METHOD").is_some();
        let lookup = |name: &str| {
            let upper = name.to_ascii_uppercase();
            let upper = if is_cgi && name == "http_proxy" { None } else { variable(&upper) };
            variable(name).or(upper).filter(|value| !value.is_empty())
        };
        let proxy = |name: &str| {
            let value = lookup(name).or_else(|| lookup("all_proxy"))?;
            let url = if value.contains("://") { value } else { format!("http://{value}") };
            match Proxy::new(&url) {
                Ok(proxy) => Some(Rc::new(proxy)),
                Err(problem) => {
                    tracing::warn!(target: "gustnado.general", name, %problem, "not understood");
                    None
                }
            }
        };
        let exceptions = lookup("no_proxy").unwrap_or_default();
        Self {
            http: proxy("http_proxy"),
            https: proxy("https_proxy"),
            exceptions: exceptions.split(',').filter_map(|each| exception(each.trim())).collect(),
        }
    }

    /// The proxy for a URL. This machine itself is always asked directly.
    pub(in crate::http::client) fn proxy_for(&self, url: &Url) -> Option<&Rc<Proxy>> {
        let proxy = if url.is_secure() { &self.https } else { &self.http };
        let proxy = proxy.as_ref()?;
        let host = url.host();
        let is_local = host == "localhost"
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let is_excepted = || self.exceptions.iter().any(|each| each.covers(host, url.port()));
        (!is_local && !is_excepted()).then_some(proxy)
    }
}

fn exception(text: &str) -> Option<Exception> {
    if text.is_empty() {
        return None;
    }
    if text == "*" {
        return Some(Exception::Everybody);
    }
    let (address, bits) = text.split_once('/').unwrap_or((text, ""));
    if let Ok(address) = address.trim_matches(['[', ']']).parse::<IpAddr>() {
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = if bits.is_empty() { all } else { bits.parse().ok()? };
        return (bits <= all).then_some(Exception::Network(address, bits));
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, Some(port.parse().ok()?)),
        None => (text, None),
    };
    let name = name.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase();
    Some(Exception::Name(name, port))
}

impl Exception {
    fn covers(&self, host: &str, port: u16) -> bool {
        match self {
            Self::Everybody => true,
            Self::Network(network, bits) => {
                host.parse().is_ok_and(|address| in_network(address, *network, *bits))
            }
            Self::Name(name, only) => {
                let host = host.strip_suffix('.').unwrap_or(host);
                let rest = host.strip_suffix(name.as_str());
                let is_below = rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                is_below && only.is_none_or(|only| only == port)
            }
        }
    }
}

fn in_network(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differ = address.to_bits() ^ network.to_bits();
            differ.checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differ = address.to_bits() ^ network.to_bits();
            differ.checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a URL goes through a proxy, and which.
    fn proxied(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let environment = Environment::from_variables(|name| {
            let found = variables.iter().find(|(each, _)| *each == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        let mut target = Url::default();
        assert!(target.set(url).is_ok(), "{url}");
        environment.proxy_for(&target).map(|proxy| format!("{}:{}", proxy.host(), proxy.port()))
    }

    #[test]
    fn each_scheme_has_its_proxy() {
        let variables = [("http_proxy", "http://a:1"), ("HTTPS_PROXY", "b:2"), ("no_proxy", "")];
        assert_eq!(proxied(&variables, "http://x/").as_deref(), Some("a:1"));
        assert_eq!(proxied(&variables, "https://x/").as_deref(), Some("b:2"));
        let variables = [("ALL_PROXY", "socks5://c"), ("http_proxy", "ftp://a")];
        assert_eq!(proxied(&variables, "https://x/").as_deref(), Some("c:1080"));
        assert_eq!(proxied(&variables, "http://x/"), None, "what is not understood is no proxy");
        assert_eq!(proxied(&[], "http://x/"), None);
    }

    #[test]
    fn a_client_of_a_cgi_program_names_no_proxy() {
        let variables = [("HTTP_PROXY", "http://evil:1"), ("REQUEST_METHOD", "GET")];
        assert_eq!(proxied(&variables, "http://x/"), None);
        assert!(proxied(&variables[..1], "http://x/").is_some());
    }

    #[test]
    fn this_machine_is_asked_directly() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert_eq!(proxied(&[("http_proxy", "a:1")], &format!("http://{host}/")), None);
        }
    }

    #[test]
    fn exceptions_are_names_networks_and_everybody() {
        let list = "example.com, .Inner.test,*.star.test,only.test:81,10.0.0.0/8,192.168.1.1,fe80::/10,[::2]";
        let is_direct = |host: &str| {
            proxied(&[("http_proxy", "a:1"), ("NO_PROXY", list)], &format!("http://{host}/"))
                .is_none()
        };
        for host in [
            "example.com",
            "WWW.example.com",
            "inner.test",
            "a.b.inner.test",
            "x.star.test",
            "only.test:81",
            "10.255.0.1",
            "192.168.1.1",
            "[fe80::1]",
            "[::2]",
        ] {
            assert!(is_direct(host), "{host}");
        }
        for host in
            ["badexample.com", "example.com.evil", "only.test", "11.0.0.1", "192.168.1.2", "[::3]"]
        {
            assert!(!is_direct(host), "{host}");
        }
        assert_eq!(proxied(&[("http_proxy", "a:1"), ("no_proxy", "*")], "http://x/"), None);
        let everywhere = [("http_proxy", "a:1"), ("no_proxy", "0.0.0.0/0")];
        assert_eq!(proxied(&everywhere, "http://1.2.3.4/"), None);
        assert!(proxied(&everywhere, "http://[fe80::1]/").is_some());
    }
}
