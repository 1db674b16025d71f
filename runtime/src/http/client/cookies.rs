//! The cookie jar: what servers have asked us to send back. RFC 6265.

mod date;
mod set_cookie;

use self::set_cookie::SetCookie;
use super::url::Url;
use std::net::IpAddr;
use std::time::Duration;

/// So many cookies are kept of one host, and in all; beyond it, the oldest goes.
const PER_DOMAIN: usize = 50;
const TOTAL: usize = 3000;

/// Cookies, and where they belong. Times are the loop's ticks, so that a simulated clock makes them expire, too.
#[derive(Default)]
pub(super) struct Jar {
    /// The oldest first.
    cookies: Vec<Cookie>,
}

struct Cookie {
    name: String,
    value: String,
    domain: String,
    /// Whether it is for the domain alone, and not for what is below it.
    is_host_only: bool,
    path: String,
    is_secure: bool,
    /// `None` if it is kept for as long as the client is there.
    expires: Option<u64>,
}

impl Jar {
    /// Takes the value of a Set-Cookie header that came from `url`. One that breaks a rule is ignored, as browsers do.
    pub(super) fn store(&mut self, url: &Url, header: &[u8], now: u64) {
        let Some(set) = SetCookie::parse(header) else { return };
        let Some(cookie) = Cookie::new(set, url, now) else { return };
        // One that came over a secure connection is not for others to change.
        let protected = |other: &Cookie| {
            other.is_secure
                && !url.is_secure()
                && other.name == cookie.name
                && other.overlaps(&cookie)
        };
        if self.cookies.iter().any(protected) {
            return;
        }
        let same = |other: &Cookie| {
            (&other.name, &other.domain, &other.path)
                == (&cookie.name, &cookie.domain, &cookie.path)
        };
        let place = self.cookies.iter().position(same);
        let is_over = cookie.is_over(now);
        match place {
            Some(place) if is_over => drop(self.cookies.remove(place)),
            // It keeps its age, which decides about the order.
            Some(place) => self.cookies[place] = cookie,
            None if is_over => {}
            None => {
                self.make_room(&cookie.domain, now);
                self.cookies.push(cookie);
            }
        }
    }

    /// Appends the cookies for a request to `url` to `out`, in the form of the Cookie header: those of longer paths first, and of
    /// equal ones the oldest. RFC 6265 §5.4.
    pub(super) fn write(&mut self, url: &Url, now: u64, out: &mut String) {
        self.cookies.retain(|cookie| !cookie.is_over(now));
        let mut fitting: Vec<&Cookie> =
            self.cookies.iter().filter(|cookie| cookie.fits(url)).collect();
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        for (index, Cookie { name, value, .. }) in fitting.into_iter().enumerate() {
            if index > 0 {
                out.push_str("; ");
            }
            if !name.is_empty() {
                out.push_str(name);
                out.push('=');
            }
            out.push_str(value);
        }
    }

    fn make_room(&mut self, domain: &str, now: u64) {
        self.cookies.retain(|cookie| !cookie.is_over(now));
        let of_domain = |cookie: &Cookie| cookie.domain == domain;
        if self.cookies.iter().filter(|cookie| of_domain(cookie)).count() >= PER_DOMAIN
            && let Some(oldest) = self.cookies.iter().position(of_domain)
        {
            self.cookies.remove(oldest);
        } else if self.cookies.len() >= TOTAL {
            self.cookies.remove(0);
        }
    }
}

impl Cookie {
    /// The cookie that a server may set. RFC 6265 §5.3, and the prefixes of its successor.
    fn new(set: SetCookie, url: &Url, now: u64) -> Option<Self> {
        let host = url.host();
        let (domain, is_host_only) = match set.domain {
            None => (host.to_owned(), true),
            Some(domain) if domain == host => (domain, is_public(host)),
            Some(domain) if is_below(host, &domain) && !is_public(&domain) => (domain, false),
            Some(_) => return None,
        };
        let has_path = set.path.is_some();
        let path = set.path.unwrap_or_else(|| directory(url.path()).to_owned());
        if set.is_secure && !url.is_secure() {
            return None;
        }
        let has_prefix = |prefix: &str| {
            let start = set.name.get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let is_whole_host = is_host_only && has_path && path == "/";
        if (has_prefix("__Secure-") && !set.is_secure)
            || (has_prefix("__Host-") && !(set.is_secure && is_whole_host))
        {
            return None;
        }
        let later =
            |left: Duration| now.saturating_add(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX));
        Some(Self {
            name: set.name,
            value: set.value,
            domain,
            is_host_only,
            path,
            is_secure: set.is_secure,
            expires: set.lifetime.map(later),
        })
    }

    fn is_over(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether it is sent with a request to `url`.
    fn fits(&self, url: &Url) -> bool {
        let host = url.host();
        (self.domain == host || (!self.is_host_only && is_below(host, &self.domain)))
            && covers(&self.path, url.path())
            && (!self.is_secure || url.is_secure())
    }

    /// Whether there are requests with which both are sent.
    fn overlaps(&self, other: &Self) -> bool {
        let (own, others) = (&self.domain, &other.domain);
        (own == others || is_below(own, others) || is_below(others, own))
            && covers(&self.path, &other.path)
    }
}

/// Whether `host` is a name below `domain`. Addresses are below nothing. RFC 6265 §5.1.3.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
        && host.parse::<IpAddr>().is_err()
}

/// Whether a domain is so wide that nobody may set cookies for everything below it. The list of public suffixes is not in here;
/// this knows the top level only.
fn is_public(domain: &str) -> bool {
    !domain.contains('.') || domain.parse::<IpAddr>().is_ok()
}

/// Whether a cookie with `path` is for a request for `target`. RFC 6265 §5.1.4.
fn covers(path: &str, target: &str) -> bool {
    target
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
}

/// The path of a cookie that names none.
fn directory(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(end) => &path[..end],
    }
}

#[cfg(test)]
mod tests;
