//! The server for clients that others have made: see `tests/interop`.
//!
//! It listens on 127.0.0.1, on ::1 if there is one, and on the Unix socket of its argument. It says where in a line for each, then
//! that it is `ready`, and ends on SIGTERM.

use bytes::Bytes;
use gustnado::http::Body;
use gustnado::netutil::{bind_socket, bind_unix_socket};
use gustnado::prelude::*;
use gustnado_tests::Source;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What has arrived.
#[route("/", methods = [GET, POST, PUT, DELETE, PATCH])]
async fn index(cx: &Context) -> String {
    let headers = cx.headers().map(|(name, value)| format!("{name}: {}\n", value.escape_ascii()));
    let (method, target) = (cx.method(), cx.target());
    format!("{method} {target}\n{}", headers.collect::<String>())
}

#[route("/echo", methods = [POST, PUT])]
async fn echo(body: Bytes) -> Bytes {
    body
}

/// How long a body is, which is not kept.
#[put("/length", max_body_size = 1_000_000_000)]
async fn length(mut body: BodyStream) -> Result<String> {
    let mut length = 0;
    while let Some(piece) = body.next().await {
        length += piece?.len();
    }
    Ok(length.to_string())
}

/// As many bytes; 10 000 of them are a piece.
fn pieces(count: usize) -> Source {
    Source::new(b"0123456789".repeat(1000), count / 10_000)
}

/// A body of known length.
#[route("/bytes/{count}")]
async fn sized(count: usize) -> Response {
    Response::new(StatusCode::OK).with_body(Body::sized_stream(count as u64, pieces(count)))
}

/// A body in chunks.
#[route("/chunks/{count}")]
async fn chunked(count: usize) -> Response {
    Response::new(StatusCode::OK).with_body(Body::stream(pieces(count)))
}

#[route("/status/{code}")]
async fn status(code: u16) -> Result<StatusCode> {
    Ok(StatusCode::from_u16(code)?)
}

#[route("/redirect/{count}")]
async fn redirect(count: u32) -> Redirect {
    match count {
        0 => Redirect::to("/"),
        count => Redirect::to(format!("/redirect/{}", count - 1)),
    }
}

#[gustnado::main]
async fn main() -> Result<()> {
    let path = std::env::args().nth(1).context("the path of a Unix socket is missing")?;
    let mut listeners = vec![bind_socket((Ipv4Addr::LOCALHOST, 0).into(), false)?];
    if let Ok(listener) = bind_socket((Ipv6Addr::LOCALHOST, 0).into(), false) {
        listeners.push(listener);
    }
    listeners.push(bind_unix_socket(path, 0o600)?);
    let routes = routes![index, echo, length, sized, chunked, status, redirect];
    let server = Application::new(routes).listen(listeners)?;
    for address in server.addresses() {
        println!("{address}");
    }
    println!("ready");
    server.run().await
}
