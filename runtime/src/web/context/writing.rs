//! Answers by hand: status, headers, cookies, and a body that is written piece by piece.

use ::http::{Method, StatusCode};
use serde::Serialize;

use super::super::reply::is_bodiless;
use super::super::{Redirect, Respond};
use super::Context;
use crate::error::{Error, HTTPError, Result, WithContext};
use crate::http::{ContentType, Cookie, Headers};

/// # Answering by hand
///
/// A handler can return its answer, or say it here, or both: what is returned comes last. All of this works with a `&Context`,
/// because what is said is kept inside of it.
///
/// ```
/// use gustnado::prelude::*;
///
/// #[route("/visit")]
/// async fn visit(cx: &Context) -> Result<&'static str> {
///     cx.set_status(StatusCode::ACCEPTED);
///     cx.set_header("Cache-Control", "no-store")?;
///     cx.set_cookie(("seen", "yes"))?;
///     Ok("Thank you")
/// }
/// ```
impl Context {
    /// The status that the answer has so far: the one that was set, or 200.
    pub fn status(&self) -> StatusCode {
        self.said().and_then(|reply| reply.status()).unwrap_or_default()
    }

    /// Sets the status of the answer. A status that is returned, or that of an error, is stronger. Its reason phrase is always the
    /// canonical one. If the head has been sent, it is only logged that this comes too late.
    pub fn set_status(&self, status: StatusCode) {
        self.reply().set_status(status);
    }

    /// Sets a header, in place of others of its name, also of those that the returned answer has.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader`](crate::http::InvalidHeader), see [`Headers::insert`]; or the head has been sent.
    pub fn set_header(&self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result {
        let name = name.as_ref();
        self.change_header(name, |headers| headers.insert(name, value))
    }

    /// Adds a header behind others of its name that were set here.
    ///
    /// # Errors
    ///
    /// As for [`set_header`](Self::set_header).
    pub fn add_header(&self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result {
        let name = name.as_ref();
        self.change_header(name, |headers| headers.append(name, value))
    }

    fn change_header(
        &self,
        name: &str,
        change: impl FnOnce(&mut Headers) -> Result<(), crate::http::InvalidHeader>,
    ) -> Result {
        let changed = self.reply().change_headers(change)?;
        changed.with_context(|| format!("setting the header {name:?}"))
    }

    /// Takes back the headers of this name that were set here.
    ///
    /// # Errors
    ///
    /// The head has been sent.
    pub fn clear_header(&self, name: &str) -> Result {
        self.reply().change_headers(|headers| {
            headers.remove(name);
        })
    }

    /// The value that the client has sent for the cookie of this name. All of them are [`Cookies`](crate::http::Cookies), which
    /// is also an argument.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies().value(name).map(str::to_owned)
    }

    /// Sets a cookie: `("name", "value")`, or a [`Cookie`] with attributes. One of the same name that was set before is replaced.
    ///
    /// # Errors
    ///
    /// [`InvalidCookie`](crate::http::InvalidCookie), see [`Cookie::header_value`]; or the head has been sent.
    pub fn set_cookie(&self, cookie: impl Into<Cookie>) -> Result {
        let cookie = cookie.into();
        let header = cookie.header_value()?;
        self.reply().set_cookie(cookie.name(), header)
    }

    /// Takes a cookie away from the client: one for all paths of this host. For others, set a [`Cookie::removal`].
    ///
    /// # Errors
    ///
    /// As for [`set_cookie`](Self::set_cookie).
    pub fn clear_cookie(&self, name: impl Into<std::borrow::Cow<'static, str>>) -> Result {
        self.set_cookie(Cookie::removal(name))
    }

    /// Writes text or bytes behind what was written before. They wait in memory until the [flush](Self::flush), or the end.
    ///
    /// Unless a Content-Type is set or returned, the answer is HTML, as in Tornado: so escape what clients have said.
    ///
    /// # Errors
    ///
    /// The request [is finished](Self::finish).
    pub fn write(&self, chunk: impl AsRef<[u8]>) -> Result {
        self.reply().write(chunk.as_ref())
    }

    /// Writes a value as JSON, and says so in the Content-Type unless that has been set.
    ///
    /// # Errors
    ///
    /// The value cannot be serialised, or the request [is finished](Self::finish).
    pub fn write_json<T: Serialize + ?Sized>(&self, value: &T) -> Result {
        let reply = self.reply();
        let text = serde_json::to_vec(value).context("serialising a response")?;
        reply.write(&text)?;
        if reply.is_sent() {
            return Ok(());
        }
        reply.change_headers(|headers| {
            if headers.content_type().is_none() {
                headers.set_content_type(ContentType::JSON);
            }
        })
    }

    /// Sends the head, and what was written so far, and waits until it has left: so nothing piles up before a client that
    /// reads slowly. From then on, status and headers cannot be changed, and an error can only break the connection.
    ///
    /// The answer to HEAD is sent at the end.
    ///
    /// ```
    /// use gustnado::prelude::*;
    ///
    /// #[route("/countdown")]
    /// async fn countdown(cx: &Context) -> Result<&'static str> {
    ///     for number in (1..=3).rev() {
    ///         cx.write(format!("{number} .. "))?;
    ///         cx.flush().await?;
    ///         sleep(std::time::Duration::from_secs(1)).await;
    ///     }
    ///     Ok("lift-off")
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The request [is finished](Self::finish); or this is not a handler that takes a `&Context`, and nobody could send before its
    /// end.
    pub async fn flush(&self) -> Result {
        if !self.route().writes() {
            return Err(Error::msg("only a handler that takes a `&Context` can flush"));
        }
        let at_the_end = is_bodiless(self.status()) || *self.method() == Method::HEAD;
        if at_the_end && !self.is_finished() {
            return Ok(());
        }
        self.reply().flush().await
    }

    /// Ends the answer. It leaves as soon as the handler waits for something, or ends, whatever the handler does after it; the
    /// next request of the connection waits for the handler's end.
    ///
    /// In `prepare`, it also keeps the method from being called.
    ///
    /// # Errors
    ///
    /// The request is finished already.
    pub fn finish(&self) -> Result {
        self.reply().finish()?;
        self.hurry();
        Ok(())
    }

    /// [Ends](Self::finish) the answer with this redirect, and what was set before.
    ///
    /// # Errors
    ///
    /// The request is finished already, or its head has been sent. A redirect that leads away from the site [is
    /// refused](Redirect), which is its answer.
    pub fn redirect(&self, to: impl Into<Redirect>) -> Result {
        let reply = self.reply();
        if reply.is_sent() {
            return Err(Error::msg("cannot redirect: the head has been sent"));
        }
        reply.finish_as(to.into().respond(self))?;
        self.hurry();
        Ok(())
    }

    /// Ends the answer with the page of this error: an [`HTTPError`], or a status alone. What was written is dropped, what was
    /// set, too, but for cookies. It is the same as to return the error, for those that go on.
    ///
    /// # Errors
    ///
    /// The request is finished already. If its head has been sent, the connection breaks.
    pub fn send_error(&self, error: impl Into<HTTPError>) -> Result {
        let reply = self.reply();
        if reply.is_sent() && !reply.is_finished() {
            reply.fail();
        }
        reply.finish_with_error(error.into())
    }

    /// Whether the answer has been [finished](Self::finish).
    pub fn is_finished(&self) -> bool {
        self.said().is_some_and(|reply| reply.is_finished())
    }

    /// Whether the head of the answer has been [sent](Self::flush).
    pub fn is_head_sent(&self) -> bool {
        self.said().is_some_and(|reply| reply.is_sent())
    }

    /// Takes back what was set and written and has not been sent, but for cookies.
    pub fn clear(&self) {
        if let Some(reply) = self.said() {
            reply.clear();
        }
    }

    /// Lets an answer that is finished leave as soon as the handler waits.
    fn hurry(&self) {
        if self.route().writes() && *self.method() != Method::HEAD {
            self.reply().hurry();
        }
    }
}
