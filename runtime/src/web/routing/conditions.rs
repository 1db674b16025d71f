//! What a route asks of a request besides its method and path.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

use super::Route;
use crate::http::{Request, quality};

/// What a router may have to know of a request besides its method and path. Only routes that ask for it cost it.
pub(crate) trait Asked {
    /// The host, with or without its port.
    fn host(&self) -> &str;

    /// Whether a proxy has sent it on, and says for whom: then its host is not what the client has asked.
    fn is_forwarded(&self) -> bool;

    /// How well it fits the route, from 1 to 1000; 0 if not at all. Without `accept`, whatever the client wants is fine.
    fn fits(&self, route: &Route, accept: bool) -> u16;
}

impl Asked for Request {
    fn host(&self) -> &str {
        self.host()
    }

    fn is_forwarded(&self) -> bool {
        self.header_bytes("x-real-ip").is_some()
    }

    fn fits(&self, route: &Route, accept: bool) -> u16 {
        route.conditions.fit(self, accept)
    }
}

type Guard = dyn Fn(&Request) -> bool;

/// The conditions of one route.
#[derive(Clone, Default)]
pub(super) struct Conditions {
    pub(super) accept: Option<Cow<'static, str>>,
    pub(super) guards: Vec<Rc<Guard>>,
}

impl Conditions {
    pub(super) fn is_empty(&self) -> bool {
        self.accept.is_none() && self.guards.is_empty()
    }

    /// Whether nothing tells which of two routes is meant.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.guards.is_empty() && other.guards.is_empty() && self.accept == other.accept
    }

    fn fit(&self, request: &Request, accept: bool) -> u16 {
        if !self.guards.iter().all(|guard| guard(request)) {
            return 0;
        }
        match (&self.accept, request.header_bytes("accept")) {
            (Some(media_type), Some(wanted)) if accept => quality(wanted, media_type),
            _ => 1000,
        }
    }
}

impl fmt::Debug for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conditions")
            .field("accept", &self.accept)
            .field("guards", &self.guards.len())
            .finish()
    }
}
