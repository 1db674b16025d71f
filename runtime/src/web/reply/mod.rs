//! What a handler says of its answer by hand, and how that becomes a response.
//!
//! A request has a [`Reply`] from the first time that a handler sets or writes something through its
//! [`Context`]: those that only return something never have one. What is returned is written last: the
//! reply's status, headers and cookies are put into the response that was returned, and its bytes before that one's.

mod driven;

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::error::Error as StdError;
use std::fmt;
use std::task::Waker;

use ::http::StatusCode;

pub(super) use self::driven::Driven;
use super::{Context, Respond};
use crate::error::{Error, HTTPError, Result};
use crate::http::{Body, ContentType, Headers, Response};

/// Ends a request normally, with what has been set and written so far: Tornado's `Finish`.
///
/// It is an error only in that it goes the way of errors, through every `?`.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::Finish;
///
/// fn expect_member(cx: &Context) -> Result<()> {
///     if cx.header("x-member").is_none() {
///         cx.set_status(StatusCode::PAYMENT_REQUIRED);
///         cx.write("members only")?;
///         return Err(Finish.into());
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finish;

impl fmt::Display for Finish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request was finished early")
    }
}

impl StdError for Finish {}

/// What has been said by hand.
#[derive(Default)]
pub(super) struct Reply {
    status: Cell<Option<StatusCode>>,
    headers: RefCell<Headers>,
    /// By name.
    cookies: RefCell<Vec<(String, String)>>,
    /// What was written, and has not been sent.
    written: RefCell<Vec<u8>>,
    /// What the handler has finished with.
    ending: RefCell<Option<Ending>>,
    finished: Cell<bool>,
    /// Whether the head is out.
    sent: Cell<bool>,
    /// Whether the handler failed after that.
    broken: Cell<bool>,
    /// Who waits until everything is out.
    flushing: RefCell<Option<Waker>>,
    flush_wanted: Cell<bool>,
    /// Who has logged in, once that was asked; it is kept here, because few handlers ask.
    user: OnceCell<Option<Box<dyn Any>>>,
}

/// What a handler has finished with, before it has ended.
enum Ending {
    Response(Response),
    Error(HTTPError),
}

impl Reply {
    pub(super) fn status(&self) -> Option<StatusCode> {
        self.status.get()
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished.get()
    }

    pub(super) fn is_sent(&self) -> bool {
        self.sent.get()
    }

    pub(super) fn set_status(&self, status: StatusCode) {
        if self.sent.get() || self.finished.get() {
            let status = status.as_u16();
            tracing::error!(target: "gustnado.application", "the status {status} comes too late: {}", self.lateness());
            return;
        }
        self.status.set(Some(status));
    }

    fn conclude(&self, status: StatusCode) {
        self.status.set(Some(status));
    }

    pub(super) fn user(&self, find: impl FnOnce() -> Option<Box<dyn Any>>) -> Option<&dyn Any> {
        self.user.get_or_init(find).as_deref()
    }

    pub(super) fn set_user(&self, user: Box<dyn Any>) -> bool {
        self.user.set(Some(user)).is_ok()
    }

    /// The headers, as long as they can be changed.
    pub(super) fn change_headers<T>(&self, change: impl FnOnce(&mut Headers) -> T) -> Result<T> {
        if self.sent.get() || self.finished.get() {
            return Err(Error::msg(format!("a header comes too late: {}", self.lateness())));
        }
        Ok(change(&mut self.headers.borrow_mut()))
    }

    /// Sets a cookie, in place of another one of its name; `header` is valid.
    pub(super) fn set_cookie(&self, name: &str, header: String) -> Result {
        self.change_headers(|_| {
            let mut cookies = self.cookies.borrow_mut();
            cookies.retain(|(other, _)| other != name);
            cookies.push((name.to_owned(), header));
        })
    }

    /// The value of a cookie that was set, as it is written.
    #[cfg(feature = "signed-cookies")]
    pub(super) fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.borrow();
        let (_, header) = cookies.iter().find(|(other, _)| other == name)?;
        let pair = header.split(';').next()?;
        pair.split_once('=').map(|(_, value)| value.to_owned())
    }

    pub(super) fn write(&self, bytes: &[u8]) -> Result {
        if self.finished.get() {
            return Err(Error::msg(format!("nothing can be written: {}", self.lateness())));
        }
        self.written.borrow_mut().extend_from_slice(bytes);
        Ok(())
    }

    /// Forgets what has not been sent, but for the cookies.
    pub(super) fn clear(&self) {
        self.written.borrow_mut().clear();
        if !self.sent.get() {
            self.status.set(None);
            self.headers.borrow_mut().clear();
        }
    }

    /// Says that the handler has failed. If it is not too late, that is its answer.
    pub(super) fn fail(&self) {
        if self.sent.get() {
            self.broken.set(true);
        }
        if !self.finished.get() {
            self.clear();
        }
    }

    /// Ends what is written with what was written.
    pub(super) fn finish(&self) -> Result {
        self.finish_with(|| Ending::Response(self.response(Response::default())))
    }

    /// Ends it with this response.
    pub(super) fn finish_as(&self, response: Response) -> Result {
        self.finish_with(|| Ending::Response(self.response(response)))
    }

    pub(super) fn finish_with_error(&self, error: HTTPError) -> Result {
        self.finish_with(|| Ending::Error(error))
    }

    fn finish_with(&self, ending: impl FnOnce() -> Ending) -> Result {
        if self.finished.get() {
            return Err(Error::msg(format!("cannot finish: {}", self.lateness())));
        }
        if !self.sent.get() {
            let ending = ending();
            *self.ending.borrow_mut() = Some(ending);
        }
        self.finished.set(true);
        Ok(())
    }

    /// The error that the handler has finished with.
    pub(super) fn take_error(&self) -> Option<HTTPError> {
        let mut ending = self.ending.borrow_mut();
        match ending.take() {
            Some(Ending::Error(error)) => {
                // Now it is answered as any other.
                self.finished.set(false);
                Some(error)
            }
            other => {
                *ending = other;
                None
            }
        }
    }

    /// Puts what was said into the response that the handler has returned.
    #[cold]
    pub(super) fn complete(&self, cx: &Context, response: &mut Response) {
        if let Some(error) = self.take_error() {
            *response = error.respond(cx);
        }
        let returned = std::mem::take(response);
        *response = if self.sent.get() {
            let mut bytes = self.written.take();
            if !self.finished.get() && !self.broken.get() {
                match returned.body().as_bytes() {
                    Some(last) => bytes.extend_from_slice(last),
                    None => {
                        let message = "a stream was returned after the head had been sent";
                        tracing::error!(target: "gustnado.application", "{message}");
                        self.broken.set(true);
                    }
                }
            }
            returned.with_body(bytes)
        } else {
            match self.ending.take() {
                Some(Ending::Response(response)) => response,
                _ => self.response(returned),
            }
        };
    }

    /// `returned` with what was said before: what is said by hand wins.
    fn response(&self, mut returned: Response) -> Response {
        if let Some(status) = self.status.get()
            && returned.status() == StatusCode::OK
        {
            returned.set_status(status);
        }
        let written = self.written.take();
        if !written.is_empty() {
            self.write_before(written, &mut returned);
        }
        let mut seen: Vec<&str> = Vec::new();
        let headers = self.headers.borrow();
        for (name, value) in headers.iter() {
            let again = seen.iter().any(|other| other.eq_ignore_ascii_case(name));
            let headers = returned.headers_mut();
            // They were checked when they were set.
            let _checked =
                if again { headers.append(name, value) } else { headers.insert(name, value) };
            seen.push(name);
        }
        for (_, cookie) in self.cookies.take() {
            let _checked = returned.headers_mut().append("Set-Cookie", cookie);
        }
        returned
    }

    /// What was written comes first. Unless told otherwise, it is HTML, as in Tornado.
    fn write_before(&self, mut written: Vec<u8>, returned: &mut Response) {
        if let Some(bytes) = returned.body().as_bytes() {
            written.extend_from_slice(bytes);
            *returned.body_mut() = Body::from(written);
        } else {
            tracing::error!(target: "gustnado.application", "what was written is dropped, because a stream was returned");
        }
        if returned.headers().content_type().is_none() {
            returned.headers_mut().set_content_type(ContentType::HTML);
        }
    }

    fn lateness(&self) -> &'static str {
        if self.finished.get() { "the request is finished" } else { "the head has been sent" }
    }
}

/// Whether an answer of this status never has a body.
pub(super) fn is_bodiless(status: StatusCode) -> bool {
    status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
}

impl Context {
    /// Says what status it has become.
    pub(super) fn conclude(&self, status: StatusCode) {
        if status != self.status() {
            self.reply().conclude(status);
        }
    }

    /// Puts what was said by hand into the response that was returned. `#[route]` does this; so it is for
    /// [routes](super::Route) that are made by hand.
    #[inline]
    pub fn complete(&self, response: &mut Response) {
        if let Some(reply) = self.said() {
            reply.complete(self, response);
        }
    }
}
