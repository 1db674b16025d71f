//! Responses on their way out.

use super::body::ByteStream;
use super::connection::log_panic;
use super::exchange::Exchange;
use super::response::Rest;
use super::{LAST_CHUNK, write_chunk, write_chunk_size};
use crate::coroutine::{cancel_after, moment};
use bytes::Bytes;
use futures_core::Stream;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

/// The connection is broken, too slow, or the body was not what its head promised.
pub(super) struct Broken;

/// Pieces up to this size are put together with what frames them.
const SMALL: usize = 16 * 1024;

/// What a body may send before others have a turn, and how much of that each piece costs beside its bytes.
const TURN: usize = 512 * 1024;
const PIECE: usize = 16 * 1024;

/// What a body has sent in this turn of the loop. A client that reads as fast as we send would never make us wait.
#[derive(Default)]
struct Turn(usize);

impl Turn {
    /// Lets others have a turn, if it is over.
    async fn spend(&mut self, bytes: usize) {
        self.0 += bytes + PIECE;
        if self.0 >= TURN {
            self.0 = 0;
            moment().await;
        }
    }
}

/// Sends everything that waits, and waits until it has left.
pub(super) async fn flush(exchange: &Exchange) -> Result<(), Broken> {
    exchange.send();
    flushed(exchange).await
}

/// Waits until a stream has sent everything, as long as its client reads fast enough.
pub(super) async fn flushed(exchange: &Exchange) -> Result<(), Broken> {
    let (stream, settings) = (&exchange.stream, exchange.settings());
    while stream.writing() {
        let before = stream.sent();
        match cancel_after(settings.write_timeout, stream.flush()).await {
            Ok(Ok(())) => break,
            Ok(Err(_)) => return Err(Broken),
            Err(_) => {
                let enough = settings.write_timeout.as_secs_f64() * f64::from(settings.min_rate);
                if ((stream.sent() - before) as f64) < enough {
                    tracing::info!(target: "gustnado.general", "closing a connection whose client reads too slowly");
                    return Err(Broken);
                }
            }
        }
    }
    if stream.closed() { Err(Broken) } else { Ok(()) }
}

/// Sends what of a response is not in the buffer yet.
pub(super) async fn rest(exchange: &Exchange, rest: Rest) -> Result<(), Broken> {
    match rest {
        Rest::Nothing => Ok(()),
        Rest::Whole(bytes) => send_with(exchange, bytes).await,
        Rest::Sized(stream, length) => sized(exchange, stream, length).await,
        Rest::Chunked(stream) => chunked(exchange, stream).await,
        Rest::UntilClose(stream) => until_close(exchange, stream).await,
    }
}

async fn sized(exchange: &Exchange, mut body: ByteStream, length: u64) -> Result<(), Broken> {
    let mut turn = Turn::default();
    let mut left = length;
    while let Some(bytes) = next(exchange, &mut body).await? {
        left = left.checked_sub(bytes.len() as u64).ok_or_else(|| wrong_length(exchange))?;
        turn.spend(bytes.len()).await;
        send_with(exchange, bytes).await?;
    }
    if left > 0 { Err(wrong_length(exchange)) } else { Ok(()) }
}

async fn chunked(exchange: &Exchange, mut body: ByteStream) -> Result<(), Broken> {
    let mut turn = Turn::default();
    while let Some(bytes) = next(exchange, &mut body).await? {
        turn.spend(bytes.len()).await;
        if bytes.len() <= SMALL {
            exchange.put(|out| write_chunk(&bytes, out));
            flush(exchange).await?;
        } else {
            exchange.put(|out| write_chunk_size(bytes.len() as u64, out));
            send_with(exchange, bytes).await?;
            exchange.put(|out| out.extend_from_slice(b"\r\n"));
        }
    }
    exchange.put(|out| out.extend_from_slice(LAST_CHUNK));
    Ok(())
}

async fn until_close(exchange: &Exchange, mut body: ByteStream) -> Result<(), Broken> {
    let mut turn = Turn::default();
    while let Some(bytes) = next(exchange, &mut body).await? {
        turn.spend(bytes.len()).await;
        send_with(exchange, bytes).await?;
    }
    Ok(())
}

/// The next piece of a body. While it is produced, what was written before is sent, and a client that leaves ends it.
async fn next(exchange: &Exchange, body: &mut ByteStream) -> Result<Option<Bytes>, Broken> {
    let mut waiting = false;
    let piece = poll_fn(|cx| {
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut *body).poll_next(cx))) {
            Ok(Poll::Ready(piece)) => return Poll::Ready(Ok(piece)),
            Ok(Poll::Pending) => {}
            Err(payload) => {
                log_panic(exchange, &*payload);
                return Poll::Ready(Err(Broken));
            }
        }
        if !std::mem::replace(&mut waiting, true) {
            exchange.send();
        }
        exchange.stream.poll_hung_up(cx).map(|()| Err(Broken))
    })
    .await?;
    match piece {
        None => Ok(None),
        Some(Ok(bytes)) => Ok(Some(bytes)),
        Some(Err(error)) => {
            tracing::error!(target: "gustnado.application", "the body of a response failed: {error}");
            Err(Broken)
        }
    }
}

/// Sends what waits and `bytes` behind it with one write, and waits until they have left.
async fn send_with(exchange: &Exchange, bytes: Bytes) -> Result<(), Broken> {
    exchange.send_with(bytes);
    flushed(exchange).await
}

#[cold]
fn wrong_length(exchange: &Exchange) -> Broken {
    let target = exchange.head.target();
    tracing::error!(target: "gustnado.application", target, "the body of a response has another length than promised");
    Broken
}
