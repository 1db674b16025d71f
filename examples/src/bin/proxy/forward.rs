//! One request on its way through.

use crate::headers::end_to_end;
use bytes::Bytes;
use futures_core::Stream;
use gustnado::coroutine::{Sleep, sleep};
use gustnado::http::{
    Body, BodyError, BodyStream, HTTPClientError, InvalidHeader, InvalidRequest, Phase, Service,
    StreamedResponse,
};
use gustnado::ioloop::Frame;
use gustnado::prelude::*;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

/// So many requests are with the server behind at once; others wait, for as long as connecting may take.
const AT_ONCE: usize = 1000;

/// So long connecting to the server behind may take.
const CONNECTING: Duration = Duration::from_secs(5);

/// So long the server behind may be silent in the middle of a response. How long it thinks before it answers is for the client to
/// bear: when that leaves, the request ends.
const SILENCE: Duration = Duration::from_secs(60);

/// Hands on what it is asked.
pub(crate) struct Proxy {
    client: AsyncHTTPClient,
    upstream: Rc<str>,
    pub(crate) silence: Duration,
}

impl Proxy {
    /// A proxy before this server: `http://`, a host, a port, and perhaps the beginning of a path.
    pub(crate) fn new(upstream: impl AsRef<str>) -> Self {
        let client = AsyncHTTPClient::builder()
            .max_clients(AT_ONCE)
            .max_clients_per_origin(AT_ONCE)
            .connect_timeout(CONNECTING)
            // Neither an upload nor a download has to end at some time.
            .request_timeout(Duration::ZERO)
            .decompress_response(false)
            .follow_redirects(false)
            .raise_error(false)
            .build();
        let upstream = upstream.as_ref().trim_end_matches('/').into();
        Self { client, upstream, silence: SILENCE }
    }
}

impl Service for Proxy {
    fn call(&self, request: Request) -> Frame<Response> {
        let Self { client, upstream, silence } = self;
        let (client, upstream, silence) = (client.clone(), upstream.clone(), *silence);
        Frame::new(async move {
            match forward(&client, &upstream, silence, request).await {
                Ok(response) => response,
                Err(error) => failure(&error),
            }
        })
    }
}

async fn forward(
    client: &AsyncHTTPClient,
    upstream: &str,
    silence: Duration,
    request: Request,
) -> Result<Response, HTTPClientError> {
    let response = client.fetch_streamed(outgoing(upstream, &request)).await?;
    answer(response, silence).map_err(|error| InvalidRequest::Header(error).into())
}

/// The request for the server behind.
fn outgoing(upstream: &str, request: &Request) -> HTTPRequest {
    let (path, query) = (request.path(), request.query().map(|query| format!("?{query}")));
    // `OPTIONS *` is about a server, and this is one.
    let path = if path.starts_with('/') { path } else { "/" };
    let url = format!("{upstream}{path}{}", query.unwrap_or_default());
    let mut out = HTTPRequest::new(url)
        .method(request.method().clone())
        .allow_nonstandard_methods(true)
        .max_body_size(u64::MAX)
        .expect_100_continue(request.header_bytes("expect").is_some());
    for (name, value) in end_to_end(|| request.headers()) {
        if !name.eq_ignore_ascii_case("host") {
            out = out.append_header(name, value);
        }
    }
    let client = request.remote_addr().ip().to_string();
    out = out
        .append_header("X-Forwarded-For", client)
        .header("X-Forwarded-Host", request.host())
        .header("X-Forwarded-Proto", "http")
        .append_header("Via", "1.1 gustnado");
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    if !request.has_body() && length.is_none() {
        return out;
    }
    if request.header_bytes("content-type").is_none() {
        // Which is what nothing means, and keeps the client from calling it a form. RFC 9110 §8.3.
        out = out.header("Content-Type", "application/octet-stream");
    }
    let pieces = Upload(request.body_stream());
    out.body(match length {
        Some(length) => Body::sized_stream(length, pieces),
        None => Body::stream(pieces),
    })
}

/// The response for the client.
fn answer(response: StreamedResponse, silence: Duration) -> Result<Response, InvalidHeader> {
    let mut out = Response::new(response.status());
    for (name, value) in end_to_end(|| response.headers()) {
        out.headers_mut().append(name, value)?;
    }
    out.headers_mut().append("Via", "1.1 gustnado")?;
    let length = response.header("content-length").and_then(|length| length.parse().ok());
    let pieces = Download { response, silence, patience: None };
    Ok(out.with_body(match length {
        Some(length) => Body::sized_stream(length, pieces),
        None => Body::stream(pieces),
    }))
}

/// What the client is told when there is nothing to hand back. RFC 9110 §15.6.
fn failure(error: &HTTPClientError) -> Response {
    let status = match error {
        // It was the client's own body.
        HTTPClientError::Body(error) => {
            error.downcast_ref().map_or(StatusCode::BAD_REQUEST, BodyError::status)
        }
        HTTPClientError::Invalid(InvalidRequest::Method(_)) => StatusCode::NOT_IMPLEMENTED,
        HTTPClientError::Timeout(Phase::Queue) => StatusCode::SERVICE_UNAVAILABLE,
        HTTPClientError::Timeout(_) => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    };
    Response::new(status).with_body(status.canonical_reason().unwrap_or_default())
}

/// The request's body: a piece is asked for when the server behind took the one before.
struct Upload(BodyStream);

impl Stream for Upload {
    type Item = Result<Bytes, Box<dyn std::error::Error>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx).map_err(Into::into)
    }
}

/// The response's body: a piece is asked for when the client took the one before.
struct Download {
    response: StreamedResponse,
    silence: Duration,
    /// Some while nothing comes.
    patience: Option<Sleep>,
}

impl Stream for Download {
    type Item = Result<Bytes, Box<dyn std::error::Error>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(piece) = Pin::new(&mut self.response).poll_next(cx) {
            self.patience = None;
            return Poll::Ready(piece.map(|piece| piece.map_err(Into::into)));
        }
        let silence = self.silence;
        let patience = self.patience.get_or_insert_with(|| sleep(silence));
        ready!(Pin::new(patience).poll(cx));
        Poll::Ready(Some(Err("the server behind has fallen silent".into())))
    }
}
