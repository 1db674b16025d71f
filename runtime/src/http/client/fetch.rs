//! A fetch, from the request to the response.

use super::connection::Connection;
use super::errors::{HTTPClientError, Phase};
use super::head::Ending;
use super::incoming::Incoming;
use super::pool::{Origin, Shared, Slot};
use super::record::{Options, Record};
use super::request::HTTPRequest;
use super::response::HTTPResponse;
use super::route::connect;
use super::streamed::StreamedResponse;
use crate::coroutine::cancel_after;
use crate::http::Limits;
use crate::ioloop::Frame;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// So long connecting and the whole request may take, as in Tornado.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What "for ever" is.
const EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// So many redirects are followed, as in Tornado.
const REDIRECTS: u32 = 5;

/// A request on its way.
pub(super) struct Fetching {
    client: Rc<Shared>,
    record: Record,
    /// `None` while it waits for the one that a redirect needs.
    slot: Option<Slot>,
    /// When all of it must be over.
    deadline: Instant,
}

/// Fetches a response with its body.
pub(super) async fn fetch(
    client: Rc<Shared>,
    request: HTTPRequest,
) -> Result<HTTPResponse, HTTPClientError> {
    let mut fetching = Fetching::begin(client, request).await?;
    match cancel_after(fetching.deadline, fetching.whole()).await {
        Ok(Ok(())) => fetching.finish(),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(HTTPClientError::Timeout(Phase::Request)),
    }
}

/// Fetches a response whose body is read by whoever asked for it.
pub(super) async fn fetch_streamed(
    client: Rc<Shared>,
    request: HTTPRequest,
) -> Result<StreamedResponse, HTTPClientError> {
    let mut fetching = Fetching::begin(client, request).await?;
    let deadline = fetching.deadline;
    let answered = cancel_after(deadline, async {
        let (mut connection, mut incoming) = fetching.answered().await?;
        if fetching.is_error() {
            fetching.read(&mut connection, &mut incoming).await?;
        }
        Ok((connection, incoming))
    });
    let (connection, incoming) =
        answered.await.unwrap_or(Err(HTTPClientError::Timeout(Phase::Request)))?;
    if fetching.is_error() {
        fetching.keep_alive(connection);
        return Err(HTTPClientError::Status(HTTPResponse::new(fetching.record)));
    }
    let Fetching { client, record, slot, .. } = fetching;
    let response = HTTPResponse::new(record);
    Ok(StreamedResponse::new(response, client, slot, connection, incoming, deadline))
}

impl Fetching {
    /// Checks a request, and waits until it is its turn.
    async fn begin(client: Rc<Shared>, mut request: HTTPRequest) -> Result<Self, HTTPClientError> {
        request.check()?;
        if client.is_closed() {
            return Err(HTTPClientError::ClientClosed);
        }
        let mut record = request.record;
        record.options.complete(&client.options);
        record.is_decompressed =
            cfg!(feature = "gzip") && record.options.decompress_response.unwrap_or(true);
        record.times.called = client.core.ticks();

        let origin = client.origin(&record);
        let slot = match Slot::vacant(&client, &origin) {
            Some(slot) => slot,
            None => queue(&client, origin, &record.options).await?,
        };
        let begun = client.core.ticks();
        record.times.begun = begun;
        let deadline = client.core.instant(begun) + record.options.request_timeout();
        Ok(Self { client, record, slot: Some(slot), deadline })
    }

    /// Reads the response with its body.
    async fn whole(&mut self) -> Result<(), HTTPClientError> {
        let (mut connection, mut incoming) = self.answered().await?;
        self.read(&mut connection, &mut incoming).await?;
        self.keep_alive(connection);
        Ok(())
    }

    /// Reads the head of the response, behind all redirects and the question who asks.
    async fn answered(&mut self) -> Result<(Connection, Incoming), HTTPClientError> {
        loop {
            let (connection, ending) = self.exchange().await?;
            let compressed = self.record.is_decompressed && self.record.head.is_gzip();
            let limits = Limits {
                body: self.record.options.max_body_size.unwrap_or(self.client.limits.body),
                ..self.client.limits
            };
            let incoming = Incoming::new(ending, &limits, compressed)?;
            let most = self.record.options.redirects();
            let asks_again = match self.record.head.status().is_redirection() {
                true => self.record.redirect(most)?,
                false => self.record.is_challenged(),
            };
            if asks_again {
                if let Some(connection) = drain(connection, incoming).await {
                    self.keep_alive(connection);
                }
                self.turn_to_target().await;
                continue;
            }
            self.record.is_decompressed = compressed;
            self.tell_header_callback();
            return Ok((connection, incoming));
        }
    }

    /// Sends the request over a connection, and reads the head of the response to it.
    async fn exchange(&mut self) -> Result<(Connection, Ending), HTTPClientError> {
        let mut repeats = false;
        loop {
            let mut connection = match if repeats { None } else { self.kept() } {
                Some(connection) => {
                    self.record.times.connected(self.client.core.ticks());
                    connection
                }
                None => {
                    let now = self.client.core.now();
                    let deadline = self.deadline.min(now + self.record.options.connect_timeout());
                    let connecting = connect(&self.client, &self.record, deadline);
                    let (connection, resolved) = connecting.await?;
                    self.record.times.connected(self.client.core.ticks());
                    self.record.times.resolved = resolved;
                    connection
                }
            };
            match connection.exchange(&mut self.record, &self.client).await {
                Ok(ending) => return Ok((connection, ending)),
                Err(error) if connection.allows_repetition(&self.record, &error) => repeats = true,
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads the body of the response.
    async fn read(
        &mut self,
        connection: &mut Connection,
        incoming: &mut Incoming,
    ) -> Result<(), HTTPClientError> {
        if !incoming.is_done() {
            match self.record.streaming_callback.take() {
                Some(callback) => incoming.read_into(connection, callback).await?,
                None => self.record.content = incoming.read(connection).await?,
            }
        }
        Ok(())
    }

    /// A response, or the error that it is.
    fn finish(mut self) -> Result<HTTPResponse, HTTPClientError> {
        // Its turn is over, before anybody hears of it.
        self.slot = None;
        self.record.times.finished = self.client.core.ticks();
        let raises = self.raises();
        let response = HTTPResponse::new(self.record);
        if raises { response.rethrow() } else { Ok(response) }
    }

    fn raises(&self) -> bool {
        self.record.options.raise_error.unwrap_or(true)
    }

    fn is_error(&self) -> bool {
        self.raises() && !self.record.head.status().is_success()
    }

    fn kept(&self) -> Option<Connection> {
        self.slot.as_ref().and_then(Slot::kept)
    }

    /// Keeps a connection for the next fetch, if that is what the server wants.
    fn keep_alive(&self, connection: Connection) {
        if let Some(slot) = &self.slot
            && self.record.head.keep_alive()
        {
            slot.keep(connection);
        }
    }

    /// Waits for its turn to ask where a redirect leads, if that is elsewhere. Its own turn is over first: who holds one and waits for
    /// another could wait for somebody who does the same.
    async fn turn_to_target(&mut self) {
        let origin = self.client.origin(&self.record);
        if self.slot.as_ref().is_some_and(|slot| slot.is_for(&origin)) {
            return;
        }
        self.slot = None;
        self.slot = Some(match Slot::vacant(&self.client, &origin) {
            Some(slot) => slot,
            None => Frame::new(Slot::queue(self.client.clone(), origin)).await,
        });
    }

    fn tell_header_callback(&mut self) {
        if let Some(mut callback) = self.record.header_callback.take() {
            for line in self.record.head.lines() {
                callback(&String::from_utf8_lossy(line));
            }
        }
    }
}

impl Options {
    pub(super) fn connect_timeout(&self) -> Duration {
        or_ever(self.connect_timeout.unwrap_or(TIMEOUT))
    }

    pub(super) fn request_timeout(&self) -> Duration {
        or_ever(self.request_timeout.unwrap_or(TIMEOUT))
    }

    fn redirects(&self) -> u32 {
        match self.follow_redirects {
            Some(false) => 0,
            _ => self.max_redirects.unwrap_or(REDIRECTS),
        }
    }

    fn queue_timeout(&self) -> Duration {
        match self.queue_timeout {
            Some(timeout) => or_ever(timeout),
            None => self.connect_timeout().min(self.request_timeout()),
        }
    }
}

/// Zero means no limit, as in Tornado.
fn or_ever(timeout: Duration) -> Duration {
    if timeout.is_zero() { EVER } else { timeout }
}

/// Waits for a slot. Like everything that not every fetch does, it has a frame of its own, so that the others' are small.
#[cold]
fn queue(
    client: &Rc<Shared>,
    origin: Rc<Origin>,
    options: &Options,
) -> Frame<Result<Slot, HTTPClientError>> {
    let waiting = cancel_after(options.queue_timeout(), Slot::queue(client.clone(), origin));
    Frame::new(async { waiting.await.map_err(|_| HTTPClientError::Timeout(Phase::Queue)) })
}

/// Reads the body of a response that is not the last one; if it is too long for that, the connection is closed.
#[cold]
fn drain(mut connection: Connection, mut incoming: Incoming) -> Frame<Option<Connection>> {
    Frame::new(async move {
        let is_drained = matches!(incoming.drain(&mut connection).await, Ok(true));
        is_drained.then_some(connection)
    })
}
