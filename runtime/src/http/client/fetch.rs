//! A fetch, from the request to the response.

use super::connection::Connection;
use super::errors::{HTTPClientError, Phase};
use super::pool::{Shared, Slot};
use super::record::{Parts, Record};
use super::request::HTTPRequest;
use super::response::HTTPResponse;
use crate::coroutine::cancel_after;
use crate::ioloop::Frame;
use crate::iostream::IOStream;
use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// So long connecting and the whole request may take, as in Tornado.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What "for ever" is.
const EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// The deadlines of a fetch.
struct Timeouts {
    queue: Duration,
    connect: Duration,
    request: Duration,
}

impl Timeouts {
    fn new(parts: &Parts, client: &Shared) -> Self {
        let (own, others) = (&parts.options, &client.options);
        let or_ever = |timeout: Duration| if timeout.is_zero() { EVER } else { timeout };
        let connect = or_ever(own.connect_timeout.or(others.connect_timeout).unwrap_or(TIMEOUT));
        let request = or_ever(own.request_timeout.or(others.request_timeout).unwrap_or(TIMEOUT));
        let queue = own.queue_timeout.or(others.queue_timeout);
        Self { queue: queue.map_or(connect.min(request), or_ever), connect, request }
    }
}

pub(super) async fn fetch(
    client: Rc<Shared>,
    mut request: HTTPRequest,
) -> Result<HTTPResponse, HTTPClientError> {
    request.check()?;
    if client.is_closed() {
        return Err(HTTPClientError::ClientClosed);
    }
    let mut record = request.record;
    let timeouts = Timeouts::new(&record, &client);
    record.times.called = client.core.ticks();

    let origin = client.origin(&record);
    let slot = match Slot::vacant(&client, &origin) {
        Some(slot) => slot,
        None => queue(client.clone(), origin, timeouts.queue).await?,
    };
    let begun = client.core.ticks();
    record.times.begun = begun;
    let deadline = client.core.instant(begun) + timeouts.request;

    let mut repeats = false;
    loop {
        let kept = if repeats { None } else { slot.kept() };
        let mut connection = match kept {
            Some(connection) => {
                record.times.resolved = client.core.ticks();
                record.times.connected = record.times.resolved;
                connection
            }
            None => {
                let (opened, resolved) = connect(&client, &record, &timeouts, deadline).await?;
                record.times.resolved = resolved;
                record.times.connected = client.core.ticks();
                opened
            }
        };
        match cancel_after(deadline, connection.exchange(&mut record, &client)).await {
            Ok(Ok(())) => {
                if record.head.keep_alive() {
                    slot.keep(&connection);
                }
                break;
            }
            Ok(Err(error)) if connection.allows_repetition(&record, &error) => repeats = true,
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(HTTPClientError::Timeout(Phase::Request)),
        }
    }
    drop(slot);
    finish(record, &client)
}

/// The outcome of a fetch that has a response.
fn finish(mut record: Record, client: &Shared) -> Result<HTTPResponse, HTTPClientError> {
    record.times.finished = client.core.ticks();
    let raises = record.options.raise_error.or(client.options.raise_error).unwrap_or(true);
    let response = HTTPResponse::new(record);
    if raises { response.rethrow() } else { Ok(response) }
}

/// Waits for a slot. Like everything that not every fetch does, it has a frame of its own, so that the others' are small.
#[cold]
fn queue(
    client: Rc<Shared>,
    origin: Rc<super::pool::Origin>,
    timeout: Duration,
) -> Frame<Result<Slot, HTTPClientError>> {
    Frame::new(async move {
        let waiting = cancel_after(timeout, Slot::queue(client, origin));
        waiting.await.map_err(|_| HTTPClientError::Timeout(Phase::Queue))
    })
}

/// Opens a connection; says also when the host's name was resolved.
#[cold]
fn connect(
    client: &Rc<Shared>,
    parts: &Parts,
    timeouts: &Timeouts,
    deadline: Instant,
) -> Frame<Result<(Connection, u64), HTTPClientError>> {
    let client = client.clone();
    let resolving = client.resolver.resolve(parts.url.host(), parts.url.port());
    let deadline = deadline.min(client.core.now() + timeouts.connect);
    let is_secure = parts.url.is_secure();
    Frame::new(async move {
        if is_secure {
            let error = io::Error::new(io::ErrorKind::Unsupported, "https is not supported yet");
            return Err(HTTPClientError::Connect(error));
        }
        let phase = Cell::new(Phase::Resolve);
        let connecting = async {
            let addresses = resolving.await.map_err(HTTPClientError::Resolve)?;
            let resolved = client.core.ticks();
            phase.set(Phase::Connect);
            let stream = first(&addresses).await.map_err(HTTPClientError::Connect)?;
            // Requests leave in one piece; waiting for more would only delay them. A socket that refuses works all the same.
            let _ = stream.set_nodelay(true);
            Ok((Connection::new(stream, false), resolved))
        };
        let connected = cancel_after(deadline, connecting).await;
        connected.unwrap_or_else(|_| Err(HTTPClientError::Timeout(phase.get())))
    })
}

/// Connects to the first address that answers.
async fn first(addresses: &[SocketAddr]) -> io::Result<IOStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        match IOStream::connect(*address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
