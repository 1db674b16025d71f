//! Server-sent events: what happens, told to a browser as it happens.

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context as Turn, Poll};
use std::time::Duration;

use ::http::StatusCode;
use bytes::Bytes;
use futures_core::Stream;
use serde::Serialize;

use super::Respond;
use crate::coroutine::{Sleep, sleep};
use crate::error::{Error, Result};
use crate::http::{Body, ContentType, Response};
use crate::web::{Context, FromRequest, Site};

/// Tells a client of events as they happen: the argument of a handler that answers with an [`EventStream`].
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::{Event, EventSource, EventStream};
/// use std::time::Duration;
///
/// #[route("/clock")]
/// async fn clock(source: EventSource) -> EventStream {
///     let mut next: u64 = source.last_event_id().and_then(|id| id.parse().ok()).map_or(0, |last: u64| last + 1);
///     source.stream(async move |events| {
///         while !events.is_draining() {
///             events.send(Event::json(&next)?.id(next.to_string())).await;
///             next += 1;
///             sleep(Duration::from_secs(1)).await;
///         }
///         Ok(())
///     })
/// }
/// # let _ = routes![clock];
/// ```
///
/// The coroutine has its turns as a part of the answer: while the client does not read, `send` waits, and a client that leaves ends
/// it. When it ends, so does the answer; a browser then asks again, with the [id](Self::last_event_id) of the last event that it has
/// got. An error is logged, and ends the answer, too.
pub struct EventSource {
    site: Site,
    last_event_id: Option<String>,
    keep_alive: Duration,
}

/// So often something is sent to a client for which nothing happens, that no proxy on the way may take the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

impl EventSource {
    /// The `Last-Event-ID` that a browser sends when it comes back; `None` the first time.
    pub fn last_event_id(&self) -> Option<&str> {
        self.last_event_id.as_deref()
    }

    /// Sends a comment, which browsers skip, after so long without an event: 15 seconds unless set.
    #[must_use]
    pub fn keep_alive(mut self, pause: Duration) -> Self {
        self.keep_alive = pause;
        self
    }

    /// The answer that this coroutine produces.
    pub fn stream(self, produce: impl AsyncFnOnce(&mut Events) -> Result + 'static) -> EventStream {
        let shared = Rc::new(Shared::default());
        let mut events = Events { site: self.site, shared: shared.clone() };
        let work = Box::pin(async move { produce(&mut events).await });
        EventStream(Produced { work: Some(work), shared, keep_alive: self.keep_alive, pause: None })
    }
}

impl FromRequest<'_> for EventSource {
    async fn from_request(cx: &Context) -> Result<Self> {
        Ok(Self {
            site: cx.site().clone(),
            last_event_id: cx.header("last-event-id").map(str::to_owned),
            keep_alive: KEEP_ALIVE,
        })
    }
}

impl fmt::Debug for EventSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSource")
            .field("last_event_id", &self.last_event_id)
            .finish_non_exhaustive()
    }
}

/// The way to the client of an [`EventStream`].
pub struct Events {
    site: Site,
    shared: Rc<Shared>,
}

impl Events {
    /// Sends an event, as soon as the one before is on its way.
    pub async fn send(&mut self, event: Event) {
        let mut text = Some(event.text());
        poll_fn(|_| {
            let mut waiting = self.shared.waiting.borrow_mut();
            if waiting.is_empty() {
                if let Some(text) = text.take() {
                    *waiting = text;
                    return Poll::Pending;
                }
                // It was taken, which is why this has its turn.
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }

    /// Whether the server is about to end: then come to an end, too. The browser asks again, and finds another server, or this one
    /// started anew.
    pub fn is_draining(&self) -> bool {
        self.site.draining().is_set()
    }

    /// Waits until the server is about to end.
    pub async fn draining(&self) {
        self.site.draining().wait().await;
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

/// One event: some text, and what a browser is told with it.
///
/// Line ends in the text are kept, as line feeds. In a name or an id they would begin another field, so they are left out of those.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    data: Option<String>,
    name: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
}

impl Event {
    /// An event that says this.
    pub fn data(text: impl Into<String>) -> Self {
        Self { data: Some(text.into()), ..Self::default() }
    }

    /// An event that says this value, as JSON.
    ///
    /// # Errors
    ///
    /// The value cannot be serialised.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        Ok(Self::data(serde_json::to_string(value)?))
    }

    /// What kind of event it is: who listens for `message` does not hear of it, but who listens for this name.
    #[must_use]
    pub fn name(self, name: impl AsRef<str>) -> Self {
        Self { name: Some(one_line(name.as_ref())), ..self }
    }

    /// What the browser sends as `Last-Event-ID` when it comes back.
    #[must_use]
    pub fn id(self, id: impl AsRef<str>) -> Self {
        Self { id: Some(one_line(id.as_ref())), ..self }
    }

    /// How long the browser waits before it comes back.
    #[must_use]
    pub fn retry(self, pause: Duration) -> Self {
        Self { retry: Some(pause), ..self }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut field = |name: &str, value: &str| {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(value);
            text.push('\n');
        };
        if let Some(name) = &self.name {
            field("event", name);
        }
        if let Some(id) = &self.id {
            field("id", id);
        }
        if let Some(retry) = &self.retry {
            field("retry", &retry.as_millis().to_string());
        }
        if let Some(data) = &self.data {
            for line in data.replace("\r\n", "\n").split(['\n', '\r']) {
                field("data", line);
            }
        }
        text.push('\n');
        text
    }
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')).collect()
}

/// An answer of events, made by [`EventSource::stream`]: `text/event-stream`, which nobody on the way may keep.
pub struct EventStream(Produced);

impl Respond for EventStream {
    fn respond(self, cx: &Context) -> Response {
        let response = Response::new(StatusCode::OK)
            .with_content_type(ContentType::EVENTS)
            .with_header("Cache-Control", "no-store")
            .and_then(|response| response.with_header("X-Accel-Buffering", "no"));
        match response {
            Ok(response) => response.with_body(Body::stream(self.0)),
            Err(error) => Error::from(error).respond(cx),
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Shared {
    /// What was sent, and not taken by the server.
    waiting: RefCell<String>,
}

/// The coroutine, and what it has sent.
struct Produced {
    work: Option<Pin<Box<dyn Future<Output = Result>>>>,
    shared: Rc<Shared>,
    keep_alive: Duration,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Stream for Produced {
    type Item = Result<Bytes, Box<dyn std::error::Error>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Turn<'_>) -> Poll<Option<Self::Item>> {
        if let Some(work) = &mut self.work
            && let Poll::Ready(result) = work.as_mut().poll(cx)
        {
            self.work = None;
            if let Err(error) = result {
                return Poll::Ready(Some(Err(error.into())));
            }
        }
        let sent = self.shared.waiting.take();
        if !sent.is_empty() {
            self.pause = None;
            return Poll::Ready(Some(Ok(sent.into())));
        }
        if self.work.is_none() {
            return Poll::Ready(None);
        }
        let keep_alive = self.keep_alive;
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(keep_alive)));
        if pause.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.pause = None;
        Poll::Ready(Some(Ok(Bytes::from_static(b":\n\n"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out_of_its_field() {
        let event = Event::data("a\r\nb\rid: 1\n")
            .name("x\ndata: y")
            .id("7\r\n\0")
            .retry(Duration::from_secs(2));
        let expected =
            "event: xdata: y\nid: 7\nretry: 2000\ndata: a\ndata: b\ndata: id: 1\ndata: \n\n";
        assert_eq!(event.text(), expected);
        assert_eq!(Event::data("").text(), "data: \n\n");
    }
}
