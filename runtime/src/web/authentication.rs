//! Who has logged in, and what happens to those who have not.

use std::any::Any;
use std::borrow::Cow;

use ::http::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Context, Redirect, Respond};
use crate::error::HTTPError;
use crate::http::Response;

/// What an application knows of it.
#[derive(Default)]
pub(super) struct Authentication {
    find: Option<Box<Find>>,
    login_url: Option<Cow<'static, str>>,
}

type Find = dyn Fn(&Context) -> Option<Box<dyn Any>>;

impl Authentication {
    pub(super) fn find_by<U: 'static>(&mut self, find: impl Fn(&Context) -> Option<U> + 'static) {
        self.find = Some(Box::new(move |cx| Some(Box::new(find(cx)?))));
    }

    pub(super) fn login_at(&mut self, url: Cow<'static, str>) {
        self.login_url = Some(url);
    }
}

/// # Who has logged in
impl Context {
    /// The user that the application's [`current_user`](super::Application::current_user) has found, or that was
    /// [set](Self::set_current_user). `None` also if that is no `U`.
    pub fn current_user<U: 'static>(&self) -> Option<&U> {
        self.user()?.downcast_ref()
    }

    /// Says who it is, for the rest of the request: for `prepare`, which can look it up somewhere and wait for that. Whether this was
    /// the first that anybody knew of it.
    pub fn set_current_user<U: 'static>(&self, user: U) -> bool {
        self.reply().set_user(Box::new(user))
    }

    fn user(&self) -> Option<&dyn Any> {
        self.reply().user(|| (self.authentication().find.as_ref()?)(self))
    }
}

/// The answer to who has not logged in; `None` for those who have. For the macros.
pub fn authenticated(cx: &Context) -> Option<Response> {
    if cx.user().is_some() {
        return None;
    }
    let reads = matches!(*cx.method(), Method::GET | Method::HEAD);
    let Some(login_url) = cx.authentication().login_url.as_deref().filter(|_| reads) else {
        return Some(HTTPError::new(StatusCode::FORBIDDEN).respond(cx));
    };
    // On another site, a path would lead nowhere.
    let elsewhere = login_url.contains("://");
    let site = if elsewhere { format!("{}://{}", cx.protocol(), cx.host()) } else { String::new() };
    let next = format!("{site}{}", cx.target());
    let next = utf8_percent_encode(&next, NON_ALPHANUMERIC);
    let separator = if login_url.contains('?') { '&' } else { '?' };
    let target = format!("{login_url}{separator}next={next}");
    let redirect = if elsewhere { Redirect::external(target) } else { Redirect::to(target) };
    Some(redirect.found().respond(cx))
}
