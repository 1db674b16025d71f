//! The names under which an application wants to be asked.

use ::http::StatusCode;

use super::guards::Guard;
use crate::error::{HTTPError, Result};
use crate::http::Response;
use crate::web::Context;

/// The hosts that an application answers for.
///
/// Without them, a page of somebody else's whose name suddenly leads here (DNS rebinding) can read what is meant for this network only,
/// and links that are made of the Host header lead wherever the client says.
#[derive(Clone, Debug)]
pub(in crate::web) struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    pub(super) fn new(hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(hosts.into_iter().map(|host| host.into().to_ascii_lowercase()).collect())
    }

    fn has(&self, authority: &str) -> bool {
        let name = name_of(authority).to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        !name.is_empty()
            && self.0.iter().any(|allowed| match allowed.strip_prefix('.') {
                Some(domain) => {
                    name == domain
                        || name.strip_suffix(domain).is_some_and(|below| below.ends_with('.'))
                }
                None => allowed == name,
            })
    }
}

/// A host without its port.
fn name_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // The colon of an IPv6 address is inside of its brackets.
        Some((name, port)) if !port.contains(']') => name,
        _ => authority,
    }
}

impl Guard for AllowedHosts {
    fn admit(&self, cx: &Context) -> Result<Option<Response>> {
        if self.has(cx.host()) {
            return Ok(None);
        }
        let error = HTTPError::new(StatusCode::MISDIRECTED_REQUEST);
        Err(error.with_log_message(format!("the host {:?} is not allowed", cx.host())).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_all_below_a_domain() {
        let hosts = AllowedHosts::new(["Example.com", ".below.test", "[::1]", "127.0.0.1"]);
        for host in [
            "example.com",
            "EXAMPLE.COM:8080",
            "example.com.",
            "below.test",
            "a.below.test:1",
            "a.b.below.test",
            "[::1]",
            "[::1]:8888",
            "127.0.0.1:80",
        ] {
            assert!(hosts.has(host), "{host}");
        }
        for host in
            ["", ":80", "www.example.com", "example.com.evil.test", "evilbelow.test", "[::2]", "."]
        {
            assert!(!hosts.has(host), "{host}");
        }
    }
}
