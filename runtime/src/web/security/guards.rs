//! What stands before and behind all handlers of an application.

use super::{Cors, RateLimit, SecurityHeaders};
use crate::error::Result;
use crate::http::{Request, Response};
use crate::web::Context;
use crate::web::provided::Provided;

/// One that looks at every request, whether a route takes it or not.
pub(in crate::web) trait Guard {
    /// Lets a request in before its body is read, or answers it, with a response or an error.
    fn admit(&self, cx: &Context) -> Result<Option<Response>> {
        let _ = cx;
        Ok(None)
    }

    /// Looks at a request that has arrived whole, unless its handler takes the body as it arrives.
    fn check(&self, cx: &Context) -> Result {
        let _ = cx;
        Ok(())
    }

    /// Changes what is answered, whoever does it.
    fn finish(&self, request: &Request, response: Response) -> Response {
        let _ = request;
        response
    }
}

/// The guards of an application, the outermost first.
pub(in crate::web) struct Guards(Vec<Box<dyn Guard>>);

impl Guards {
    pub(in crate::web) fn admit(&self, cx: &Context) -> Result<Option<Response>> {
        for guard in &self.0 {
            if let Some(response) = guard.admit(cx)? {
                return Ok(Some(response));
            }
        }
        Ok(None)
    }

    pub(in crate::web) fn check(&self, cx: &Context) -> Result {
        self.0.iter().try_for_each(|guard| guard.check(cx))
    }

    pub(in crate::web) fn finish(&self, request: &Request, response: Response) -> Response {
        self.0.iter().rev().fold(response, |response, guard| guard.finish(request, response))
    }
}

/// What an application was told of its guards.
#[derive(Default)]
pub(in crate::web) struct Defences {
    pub(super) hosts: Option<super::AllowedHosts>,
    pub(super) rates: Vec<RateLimit>,
    pub(super) cors: Vec<Cors>,
    #[cfg(feature = "signed-cookies")]
    pub(super) xsrf: super::Xsrf,
    pub(super) headers: Option<SecurityHeaders>,
    /// Those that are nearest to the handlers.
    others: Vec<Box<dyn Guard>>,
}

impl Defences {
    /// Adds one behind those that this room knows.
    #[cfg(feature = "gzip")]
    pub(in crate::web) fn push(&mut self, guard: impl Guard + 'static) {
        self.others.push(Box::new(guard));
    }

    /// The guards, if there are any. Who keeps cookies secret has users to protect.
    pub(in crate::web) fn build(self, provided: &mut Provided) -> Option<Guards> {
        let mut guards: Vec<Box<dyn Guard>> = Vec::new();
        #[cfg(feature = "signed-cookies")]
        let has_secret = provided.value::<super::CookieSecret>().is_some();
        #[cfg(not(feature = "signed-cookies"))]
        let (has_secret, _) = (false, provided);
        let headers = self.headers.or_else(|| has_secret.then(SecurityHeaders::default));
        guards.extend(headers.map(|each| Box::new(each) as _));
        guards.extend(self.hosts.map(|each| Box::new(each) as _));
        guards.extend(self.cors.into_iter().map(|each| Box::new(each) as _));
        guards.extend(self.rates.into_iter().map(|each| Box::new(each) as _));
        #[cfg(feature = "signed-cookies")]
        if has_secret {
            guards.push(Box::new(self.xsrf.clone()));
            // Contexts make tokens as it says.
            provided.insert(self.xsrf);
        }
        guards.extend(self.others);
        (!guards.is_empty()).then_some(Guards(guards))
    }
}

/// Whether a path is `prefix`, or below it.
pub(super) fn is_below(path: &str, prefix: &str) -> bool {
    let rest = path.strip_prefix(prefix.strip_suffix('/').unwrap_or(prefix));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 4.2.1 of Tornado: `/static_secret` is not below `/static`.
    #[test]
    fn a_prefix_ends_where_a_segment_ends() {
        for (path, prefix, expected) in [
            ("/api", "/api", true),
            ("/api/", "/api", true),
            ("/api/x", "/api", true),
            ("/api/x", "/api/", true),
            ("/api", "/api/", true),
            ("/apis", "/api", false),
            ("/", "/api", false),
            ("/anything", "/", true),
            ("/", "/", true),
        ] {
            assert_eq!(is_below(path, prefix), expected, "{path} {prefix}");
        }
    }
}
