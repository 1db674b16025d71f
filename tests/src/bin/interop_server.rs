//! The server for clients that others have made: see `tests/interop`.
//!
//! It listens on 127.0.0.1, on ::1 if there is one, and on the Unix socket of its argument; and once more for TLS, whose Unix socket is
//! called `.tls` behind that, and the certificate of whose authority is in the file `.ca.pem`. It says where in a line for each, then that
//! it is `ready`, and ends on SIGTERM.

use bytes::Bytes;
use gustnado::http::Body;
use gustnado::netutil::{Listener, bind_socket, bind_unix_socket};
use gustnado::prelude::*;
use gustnado::tls::{Pem, ServerOptions};
use gustnado_tests::{Authority, Source};
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

fn application() -> Application {
    Application::new(routes![index, echo, length, sized, chunked, status, redirect])
}

fn listeners(path: &str) -> Result<Vec<Listener>> {
    let mut listeners = vec![bind_socket((Ipv4Addr::LOCALHOST, 0).into(), false)?];
    if let Ok(listener) = bind_socket((Ipv6Addr::LOCALHOST, 0).into(), false) {
        listeners.push(listener);
    }
    listeners.push(bind_unix_socket(path, 0o600)?);
    Ok(listeners)
}

#[gustnado::main]
async fn main() -> Result<()> {
    let path = std::env::args().nth(1).context("the path of a Unix socket is missing")?;
    let authority = Authority::new("interop");
    std::fs::write(format!("{path}.ca.pem"), authority.certificate())?;
    let own = authority.issue(&["localhost", "127.0.0.1", "::1", "unix.test"]);
    let options = ServerOptions::new(Pem::text(own.certificate), Pem::text(own.key));

    let plain = application().listen(listeners(&path)?)?;
    let secure = application().listen_tls(listeners(&format!("{path}.tls"))?, &options)?;
    for (scheme, server) in [("http", &plain), ("https", &secure)] {
        for address in server.addresses() {
            println!("{scheme}://{address}");
        }
    }
    println!("ready");
    Multi((plain.run(), secure.run())).await?;
    Ok(())
}
