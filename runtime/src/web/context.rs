//! One request on its way through a handler.

mod writing;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use ::http::StatusCode;
use percent_encoding::percent_decode_str;

use super::authentication::Authentication;
use super::error_page::ErrorPages;
use super::per_request::Scope;
use super::provided::Provided;
use super::reply::Reply;
use super::{FromRequest, Link, Route, Site};
use crate::error::{HTTPError, Result};
use crate::http::Request;

/// What a handler's arguments are taken from: the request, the route it matched, and what the application was
/// provided with.
///
/// It is a [`Request`] with more: every method of the request can be called on it. A handler that wants it whole
/// takes a `&Context`.
pub struct Context {
    request: Request,
    site: Site,
    route: usize,
    /// Empty for most requests, of which many may wait.
    rare: OnceCell<Box<Rare>>,
}

/// What few requests need.
#[derive(Default)]
struct Rare {
    /// The captures that had a `%`, decoded when first asked for, each at its position.
    decoded: OnceCell<Box<[OnceCell<Box<str>>]>>,
    kept: OnceCell<Box<Kept>>,
    /// What the handler says of its answer by hand.
    reply: OnceCell<Rc<Reply>>,
    /// What was made for this request.
    scope: OnceCell<Rc<Scope>>,
}

/// Texts that arguments borrow, and further ones.
struct Kept {
    texts: Box<[String]>,
    next: OnceCell<Box<Kept>>,
}

impl Context {
    pub(crate) fn new(request: Request, site: Site, route: usize) -> Self {
        Self { request, site, route, rare: OnceCell::new() }
    }

    pub(super) fn site(&self) -> &Site {
        &self.site
    }

    /// The request.
    #[inline]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The route that matched; for what no route takes, the [default one](super::Application::default_route), whose
    /// path is `*`.
    pub fn route(&self) -> &Route {
        self.site.route(self.route)
    }

    /// The longest body, in bytes, that this request may have.
    pub(crate) fn body_limit(&self) -> u64 {
        self.site.body_limit(self.route)
    }

    fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }

    pub(super) fn reply(&self) -> &Rc<Reply> {
        self.rare().reply.get_or_init(Rc::default)
    }

    /// What has been said by hand, if anything.
    #[inline]
    pub(super) fn said(&self) -> Option<&Rc<Reply>> {
        self.rare.get()?.reply.get()
    }

    pub(super) fn authentication(&self) -> &Authentication {
        self.site.authentication()
    }

    pub(super) fn error_pages(&self) -> &ErrorPages {
        self.route().error_pages().unwrap_or(self.site.error_pages())
    }

    /// The value of type `T` that the application was provided with, or that was made for this request already.
    #[inline]
    pub fn provided<T: 'static>(&self) -> Option<&T> {
        self.provider().value().or_else(|| self.rare.get()?.scope.get()?.value())
    }

    /// The URL of a route: `cx.reverse_url(&user::url(7))?`. See [`Link`].
    ///
    /// # Errors
    ///
    /// The route is not one of this application, or its query cannot be written.
    pub fn reverse_url(&self, link: &Link) -> Result<String> {
        self.site.reverse_url(link)
    }

    /// Takes an argument, as a handler does: `cx.take::<&Session>().await?`, for who has none, such as a layer.
    ///
    /// # Errors
    ///
    /// The argument's.
    pub async fn take<'r, A: FromRequest<'r>>(&'r self) -> Result<A> {
        A::from_request(self).await
    }

    pub(super) fn provider(&self) -> &Provided {
        self.route().provider(self.site.provided())
    }

    /// What was made for this request.
    pub(super) fn scope(&self) -> &Rc<Scope> {
        self.rare().scope.get_or_init(Rc::default)
    }

    /// The same request again, with nothing that was made for it: for who gives the context away and may have to answer all the same.
    pub(super) fn twin(&self) -> Self {
        let twin = Self::new(self.request.clone(), self.site.clone(), self.route);
        if let Some(reply) = self.said() {
            // It is new, so this is the first.
            let _ = twin.rare().reply.set(reply.clone());
        }
        twin
    }

    /// The same request again, with the same answer and the same values: for what outlives a borrow.
    #[cfg(feature = "templates")]
    pub(super) fn sharing(&self) -> Self {
        let _ = self.reply();
        let twin = self.twin();
        // It is new, so this is the first.
        let _ = twin.rare().scope.set(self.scope().clone());
        twin
    }

    /// Keeps texts for as long as the request is answered.
    pub(crate) fn keep(&self, mut texts: Box<[String]>) -> &[String] {
        let mut place = &self.rare().kept;
        loop {
            // The cell of the last of the chain is the one that is empty.
            let kept = place.get_or_init(|| {
                Box::new(Kept { texts: std::mem::take(&mut texts), next: OnceCell::new() })
            });
            if texts.is_empty() {
                return &kept.texts;
            }
            place = &kept.next;
        }
    }

    /// The text that the route's capture at this position (counted from 0) stands for, percent-decoded; `None` if
    /// the route has no such capture.
    ///
    /// A capture is a segment of the path, so it is not stored but found again. Decoding allocates once, and
    /// only if the text has a `%`.
    ///
    /// # Errors
    ///
    /// A 400 if the decoded text is not UTF-8.
    pub fn capture(&self, position: usize) -> Result<Option<&str>> {
        let Some(raw) = self.route().capture(position, self.request.path()) else {
            return Ok(None);
        };
        if !raw.bytes().any(|byte| byte == b'%') {
            return Ok(Some(raw));
        }
        let empty = || (0..self.route().captures()).map(|_| OnceCell::new()).collect();
        let Some(cell) = self.rare().decoded.get_or_init(empty).get(position) else {
            return Ok(None);
        };
        if let Some(decoded) = cell.get() {
            return Ok(Some(decoded));
        }
        match percent_decode_str(raw).decode_utf8() {
            Ok(Cow::Borrowed(raw)) => Ok(Some(raw)),
            Ok(Cow::Owned(decoded)) => Ok(Some(cell.get_or_init(|| decoded.into_boxed_str()))),
            Err(_) => {
                let error = HTTPError::new(StatusCode::BAD_REQUEST);
                Err(error.with_reason("the path is not UTF-8").into())
            }
        }
    }
}

impl Deref for Context {
    type Target = Request;

    #[inline]
    fn deref(&self) -> &Request {
        &self.request
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("request", &self.request)
            .field("route", self.route())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::web::testing::{HERE, answer, get, text};
    use crate::web::{Application, Respond, Route};

    #[test]
    fn keeps_texts_beside_each_other() {
        let route = Route::new("/", "keep", HERE).handler(|cx| async move {
            let keep = |text: &str| cx.keep(Box::new([text.to_owned()]));
            let (one, two, three) = (keep("one"), keep("two"), keep("three"));
            format!("{one:?} {two:?} {three:?}").respond(&cx)
        });
        let response = answer(Application::new(vec![route]), get("/"));
        assert_eq!(text(&response), r#"["one"] ["two"] ["three"]"#);
    }

    #[test]
    fn a_capture_that_the_route_lacks_is_none() {
        let route = Route::new("/{a}", "a", HERE).handler(|cx| async move {
            format!("{:?} {:?}", cx.capture(0).unwrap(), cx.capture(1).unwrap()).respond(&cx)
        });
        let response = answer(Application::new(vec![route]), get("/x%20"));
        assert_eq!(text(&response), r#"Some("x ") None"#);
    }
}
