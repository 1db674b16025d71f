//! What else can be said of a route.

use std::any::TypeId;
use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use ::http::StatusCode;
use gustnado_grammar::{HostPattern, Pattern};

use super::Route;
use crate::coroutine::cancel_after;
use crate::error::{HTTPError, Result};
use crate::http::{Request, Response};
use crate::web::layer::Around;
use crate::web::provided::Provided;
use crate::web::{Context, Layer, Next, Requirement, per_request};

impl Route {
    /// Answers only requests for this host: a name, or `*.` and a name for all below it.
    ///
    /// Routes of a host are asked first, whatever the paths of others are; of several hosts that match, first the one that says
    /// more. If no host of the application matches a request, its [default host](super::super::Application::default_host) counts
    /// instead.
    #[must_use]
    pub fn host(mut self, host: impl Into<Cow<'static, str>>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Answers only requests whose `Accept` lets this media type through, such as `text/html`. Of several routes that differ in
    /// nothing else, the one that the client likes best is taken; if none is left, that is a 406.
    #[must_use]
    pub fn accept(mut self, media_type: impl Into<Cow<'static, str>>) -> Self {
        self.conditions.accept = Some(media_type.into());
        self
    }

    /// Answers only requests of which this is true. Of several routes that differ in nothing else, they are asked in the order in
    /// which they were written; the one without a guard comes last.
    #[must_use]
    pub fn guard(mut self, guard: impl Fn(&Request) -> bool + 'static) -> Self {
        self.conditions.guards.push(Rc::new(guard));
        self
    }

    /// How long the handler may take, with its layers, from when the body is there. Beyond it, the handler is dropped, and the answer
    /// is a 503.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Puts a [`Layer`] around the handler, and around the layers that it has.
    #[must_use]
    pub fn layer(self, layer: impl Layer) -> Self {
        self.around(Around::new(layer))
    }

    /// For the macros: what [`Link`](super::Link)s call it.
    #[doc(hidden)]
    #[must_use]
    pub fn endpoint<E: 'static>(mut self) -> Self {
        self.endpoint = Some(TypeId::of::<E>());
        self
    }

    pub(in super::super) fn around(mut self, layer: Around) -> Self {
        self.layers.push(layer);
        self
    }

    pub(super) fn under(mut self, prefix: &str) -> Self {
        let mut path = prefix.to_owned();
        path.push_str(&self.path);
        self.path = path.into();
        self.prefix += prefix.len();
        self
    }

    /// Gives it a limit, if it has none of its own.
    pub(in super::super) fn limited(mut self, bytes: u64) -> Self {
        self.max_body_size.get_or_insert(bytes);
        self
    }

    /// What its path begins with, because of where it is mounted.
    pub(in super::super) fn prefix(&self) -> &str {
        &self.path[..self.prefix]
    }

    pub(in super::super) fn endpoint_id(&self) -> Option<TypeId> {
        self.endpoint
    }

    /// The host it is for; a bad one is said when the application is built.
    pub(super) fn host_pattern(&self) -> Option<HostPattern<'_>> {
        HostPattern::parse(self.host.as_deref()?).ok()
    }

    /// What is wrong with it, besides its path.
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if self.handler.is_none() {
            problems.push(format!("the route {self} has no handler"));
        }
        if let Some(Err(error)) = self.host.as_deref().map(HostPattern::parse) {
            problems.push(format!("the route {self} has a bad host: {error}"));
        }
        let prefix = self.prefix();
        if prefix.is_empty() {
            return;
        }
        let is_plain = Pattern::parse(prefix).is_ok_and(|prefix| prefix.names().next().is_none());
        if !is_plain || prefix.ends_with('/') {
            problems.push(format!(
                "the route {self} is under {prefix:?}, which is no prefix: it begins with a slash, does not end \
                 in one, and has no captures"
            ));
        }
    }

    /// Puts around its handler what belongs there, once all of it is known.
    pub(in super::super) fn finish(&mut self, site: &Rc<Provided>) {
        let provided = self.realm.as_ref().map_or(site, |realm| &realm.provided).clone();
        let asks = |each: &fn() -> Option<Requirement>| each().is_some_and(|it| provided.makes(it));
        // A layer may ask for anything.
        let is_scoped = !self.layers.is_empty() || self.requirements.iter().any(asks);
        if let Some(timeout) = self.timeout {
            self.layers.push(Around::new(deadline(timeout)));
        }
        if provided.has_makers() && is_scoped {
            self.layers.push(Around::new(per_request::scoped));
        }
        for layer in std::mem::take(&mut self.layers) {
            self.handler = self.handler.take().map(|handler| layer.around(handler));
        }
    }
}

fn deadline(timeout: Duration) -> impl Layer {
    async move |cx: Context, next: Next| -> Result<Response> {
        cancel_after(timeout, next.run(cx)).await.map_err(|_| {
            HTTPError::new(StatusCode::SERVICE_UNAVAILABLE)
                .with_reason("the answer took too long")
                .with_log_message(format!("the handler was dropped after {timeout:?}"))
                .into()
        })
    }
}
