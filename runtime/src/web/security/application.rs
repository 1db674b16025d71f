//! What an application is told of its security.

use super::{Cors, RateLimit, SecurityHeaders, TrustedProxies};
use crate::web::Application;

/// # Security
impl Application {
    /// Answers only for these hosts, without ports: `example.com`, or `.example.com` for all names below it, too. Requests for others are
    /// a 421. Without this, an application answers for every name that leads to it, so that a page of somebody else's may
    /// talk to it by a name of its own (DNS rebinding).
    #[must_use]
    pub fn allowed_hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.defences.hosts = Some(super::AllowedHosts::new(hosts));
        self
    }

    /// Believes these proxies who the client is: for [`remote_ip`](crate::Context::remote_ip), the access log and
    /// [limits](Self::rate_limit). Nobody is believed unless set.
    #[must_use]
    pub fn trusted_proxies(self, proxies: TrustedProxies) -> Self {
        self.provide(proxies)
    }

    /// Limits how often a client may ask. Several limits all count.
    #[must_use]
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.defences.rates.push(limit);
        self
    }

    /// Lets scripts of other sites read what this one answers. Several rules are for different paths.
    #[must_use]
    pub fn cors(mut self, cors: Cors) -> Self {
        self.defences.cors.push(cors);
        self
    }

    /// Sends these headers with every response. Applications that have a secret for cookies send the
    /// [default ones](SecurityHeaders::default) unless told otherwise, the others none.
    #[must_use]
    pub fn security_headers(mut self, headers: SecurityHeaders) -> Self {
        self.defences.headers = Some(headers);
        self
    }

    /// How forged requests are found. For applications that have a secret for cookies, it is on unless this says otherwise.
    #[cfg(feature = "signed-cookies")]
    #[must_use]
    pub fn xsrf(mut self, xsrf: super::Xsrf) -> Self {
        self.defences.xsrf = xsrf;
        self
    }
}
