//! How often a client may ask.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use ::http::StatusCode;

use super::guards::{Guard, is_below};
use crate::error::{Error, HTTPError, Result};
use crate::http::Response;
use crate::web::{Context, Respond};

/// So many requests of a client in so much time; the others are a 429 that says when to come back.
///
/// A client is an [address](Context::remote_ip), or a network of IPv6 (`/64`), of which everybody has as many addresses as they like.
/// The requests need not be spread evenly: who has been quiet may send them all at once. With several
/// [threads](crate::Application::workers) or processes, each counts for itself.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::RateLimit;
/// use std::time::Duration;
///
/// #[route("/login", method = POST)]
/// async fn login() {}
///
/// let app = Application::new(routes![login])
///     .rate_limit(RateLimit::new(5, Duration::from_secs(60)).on("/login"));
/// ```
#[derive(Debug)]
pub struct RateLimit {
    /// What one request costs.
    interval: Duration,
    /// How much of that may be owed.
    burst: Duration,
    path: String,
    /// When each client will have paid for what it has sent; those that have are forgotten sooner or later.
    paid: RefCell<HashMap<u128, Instant>>,
}

/// So many clients are remembered. Beyond it, those that are new are let in without being counted: memory has an end, and a limit is no
/// wall.
const CLIENTS: usize = 100_000;

impl RateLimit {
    /// So many requests in this time; at least one.
    pub fn new(requests: u32, time: Duration) -> Self {
        let interval = time / requests.max(1);
        Self { interval, burst: time - interval, path: "/".into(), paid: RefCell::default() }
    }

    /// Counts the requests of routes that have this path, or one below it, and no others.
    #[must_use]
    pub fn on(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Counts a request; if it is one too many, how long to wait.
    fn take(&self, client: u128, now: Instant) -> Result<(), Duration> {
        let mut paid = self.paid.borrow_mut();
        let due = paid.get(&client).map_or(now, |due| (*due).max(now));
        let owed = due - now;
        if owed > self.burst {
            return Err(owed - self.burst);
        }
        if paid.len() >= CLIENTS && !paid.contains_key(&client) {
            paid.retain(|_, due| *due > now);
            if paid.len() >= CLIENTS {
                return Ok(());
            }
        }
        paid.insert(client, due + self.interval);
        Ok(())
    }
}

fn client(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

impl Guard for RateLimit {
    fn admit(&self, cx: &Context) -> Result<Option<Response>> {
        // The route's path has one spelling, the request's has many. What no route takes is only counted by a limit for all.
        if !is_below(cx.route().path(), &self.path) && self.path != "/" {
            return Ok(None);
        }
        let Err(wait) = self.take(client(cx.remote_ip()), cx.started()) else { return Ok(None) };
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let refusal = HTTPError::new(StatusCode::TOO_MANY_REQUESTS).respond(cx);
        Ok(Some(refusal.with_header("Retry-After", seconds.to_string()).map_err(Error::from)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_and_then_a_steady_stream() {
        let limit = RateLimit::new(3, 3 * SECOND);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(limit.take(1, start), Ok(()));
        }
        assert_eq!(limit.take(1, start), Err(SECOND));
        assert_eq!(limit.take(2, start), Ok(()), "another client has its own");
        assert_eq!(limit.take(1, start + SECOND / 2), Err(SECOND / 2));
        assert_eq!(limit.take(1, start + SECOND), Ok(()));
        assert_eq!(limit.take(1, start + SECOND), Err(SECOND));
        for _ in 0..3 {
            assert_eq!(limit.take(1, start + 10 * SECOND), Ok(()), "who was quiet starts afresh");
        }
        assert!(limit.take(1, start + 10 * SECOND).is_err());
    }

    #[test]
    fn memory_has_an_end() {
        let limit = RateLimit::new(1, SECOND);
        let start = Instant::now();
        for client in 0..CLIENTS as u128 + 10 {
            assert_eq!(limit.take(client, start), Ok(()));
        }
        assert_eq!(limit.paid.borrow().len(), CLIENTS);
        assert!(limit.take(0, start).is_err(), "those that are known are still counted");
        assert_eq!(limit.take(u128::MAX, start + 2 * SECOND), Ok(()));
        assert_eq!(limit.paid.borrow().len(), 1, "and forgotten when they have paid");
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let of = |text: &str| client(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("1.2.3.4"), of("::ffff:1.2.3.4"));
        assert_ne!(of("1.2.3.4"), of("1.2.3.5"));
    }
}
