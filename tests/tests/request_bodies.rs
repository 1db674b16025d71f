//! Bodies of requests: whole, in pieces, bounded, and never read faster than they are wanted.

use bytes::Bytes;
use futures_core::Stream;
use gustnado::coroutine::sleep;
use gustnado::http::{Body, BodyError, BodyStream, Limits, Request, Response, Settings};
use gustnado::{Application, StatusCode, routes};
use gustnado_tests::{Server, answer, echo, eventually, handler, milliseconds};
use std::error::Error;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

fn post(framing: &str, body: &str) -> String {
    format!("POST /a HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{body}")
}

const CHUNKED: &str = "Transfer-Encoding: chunked";

#[test]
fn a_body_of_known_length_is_read_whole() {
    let server = Server::start(Settings::default(), || echo(&Arc::default()));
    let mut client = server.connect();
    for (length, body) in [(0, ""), (5, "Hello"), (20, "01234567890123456789"), (5, "\r\n\r\n\0")] {
        client.send(post(&format!("Content-Length: {length}"), body));
        assert_eq!(client.reply().text(), format!("POST /a {body}"));
        client.send(post(&format!("Content-Length: 000{length}"), "")).send(body);
        assert_eq!(client.reply().text(), format!("POST /a {body}"));
    }
}

#[test]
fn a_chunked_body_may_have_extensions_and_trailers() {
    let server = Server::start(Settings::default(), || echo(&Arc::default()));
    let mut client = server.connect();
    for body in [
        "5\r\nHello\r\n0\r\n\r\n",
        "00005\r\nHello\r\n000\r\n\r\n",
        "1\r\nH\r\n4\r\nello\r\n0\r\n\r\n",
        "5;ext=1\r\nHello\r\n0\r\n\r\n",
        "5 ; a = \"b\\\"c\" ; d\r\nHello\r\n0;e\r\n\r\n",
        "5\r\nHello\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n",
    ] {
        for coding in ["chunked", "Chunked", "CHUNKED"] {
            client.send(post(&format!("Transfer-Encoding: {coding}"), body));
            assert_eq!(client.reply().text(), "POST /a Hello", "{body:?}");
        }
    }
    client.send(post(CHUNKED, "0\r\n\r\n"));
    assert_eq!(client.reply().text(), "POST /a ");
}

#[test]
fn trailers_do_not_become_headers() {
    let server = Server::start(Settings::default(), || {
        handler(|request| async move {
            request.read_body(100).await.unwrap();
            answer(StatusCode::OK, request.header("x-admin").unwrap_or("nobody").to_owned())
        })
    });
    let mut client = server.connect();
    client.send(post(CHUNKED, "1\r\nx\r\n0\r\nX-Admin: me\r\n\r\n"));
    assert_eq!(client.reply().text(), "nobody");
}

#[test]
fn a_body_may_be_as_long_as_the_limit_and_not_a_byte_longer() {
    let server = Server::start(Settings::default(), || echo(&Arc::default()));
    let longest = "x".repeat(20);
    for (framing, body, status) in [
        ("Content-Length: 20", longest.clone(), 200),
        ("Content-Length: 21", format!("{longest}x"), 413),
        (CHUNKED, format!("14\r\n{longest}\r\n0\r\n\r\n"), 200),
        (CHUNKED, "a\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n".into(), 200),
        (CHUNKED, format!("15\r\n{longest}x\r\n0\r\n\r\n"), 413),
        (CHUNKED, format!("14\r\n{longest}\r\n1\r\nx\r\n0\r\n\r\n"), 413),
    ] {
        let mut client = server.connect();
        let reply = client.send(post(framing, &body)).reply();
        assert_eq!(reply.status(), status, "{framing} {body}");
        let close = (status == 413).then_some("close");
        assert_eq!(reply.header("connection"), close, "{framing} {body}");
    }
}

#[gustnado::route("/small", method = POST, max_body_size = 10)]
async fn small(body: String) -> String {
    body
}

#[gustnado::route("/usual", method = POST)]
async fn usual(body: String) -> String {
    body
}

#[gustnado::route("/large", method = POST, max_body_size = 30)]
async fn large(body: String) -> String {
    body
}

#[gustnado::route("/stream", method = POST, max_body_size = 30)]
async fn stream(mut body: BodyStream) -> gustnado::Result<String> {
    let mut count = 0;
    while let Some(piece) = body.next().await {
        count += piece?.len();
    }
    Ok(count.to_string())
}

#[test]
fn a_route_may_have_its_own_limit_which_ends_with_the_request() {
    let server = Server::application(|| {
        Application::new(routes![small, usual, large, stream]).max_body_size(20)
    });
    let mut client = server.connect();
    // All on one connection, as long as it lasts.
    let mut post = |path: &str, length: usize, chunked: bool| {
        let body = "x".repeat(length);
        let request = if chunked {
            format!("{CHUNKED}\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n")
        } else {
            format!("Content-Length: {length}\r\n\r\n{body}")
        };
        client.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\n{request}"));
        let reply = client.reply();
        if reply.status() != 200 {
            client.expect_end();
            client = server.connect();
        }
        reply.status()
    };
    for chunked in [false, true] {
        for (path, limit) in [("/large", 30), ("/small", 10), ("/usual", 20), ("/stream", 30)] {
            assert_eq!(post(path, limit, chunked), 200, "{path} {chunked}");
            assert_eq!(post(path, limit + 1, chunked), 413, "{path} {chunked}");
            assert_eq!(post("/usual", 20, chunked), 200, "after {path} {chunked}");
        }
    }
}

#[test]
fn a_streamed_body_is_bounded_by_the_servers_limit() {
    let limits = Limits { body: 10, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let server =
        Server::start(settings, || handler(|request| async move { count(&request).await }));
    for (framing, body, text) in [
        ("Content-Length: 10", "0123456789", "10"),
        (CHUNKED, "a\r\n0123456789\r\n0\r\n\r\n", "10"),
        ("Content-Length: 11", "01234567890", "0: the body is too large"),
        (CHUNKED, "a\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n", "10: the body is too large"),
    ] {
        let mut client = server.connect();
        assert_eq!(client.send(post(framing, body)).reply().text(), text);
    }
    // Nobody is told to go on with what will not be read.
    let mut client = server.connect();
    let reply = client.send(post("Content-Length: 11\r\nExpect: 100-continue", "")).reply();
    assert_eq!(reply.text(), "0: the body is too large");
}

/// Counts the bytes of a body, piece by piece.
async fn count(request: &Request) -> Response {
    let mut body = request.body_stream();
    let mut count = 0;
    loop {
        match body.next().await {
            Some(Ok(piece)) => {
                assert!(!piece.is_empty());
                count += piece.len();
            }
            None => return answer(StatusCode::OK, count.to_string()),
            Some(Err(error)) => {
                let again = body.next().await.map(|piece| piece.map(drop));
                assert!(matches!(again, Some(Err(_))), "nothing can be read after {error}");
                return answer(error.status(), format!("{count}: {error}"));
            }
        }
    }
}

#[test]
fn the_pieces_of_a_streamed_body_arrive_as_they_are_sent() {
    let server = Server::start(Settings::default(), || {
        handler(|request| async move {
            let body = Pieces(request.body_stream());
            Response::new(StatusCode::OK).with_body(Body::stream(body))
        })
    });
    let mut client = server.connect();
    // The response begins before the request has ended.
    client.send(post(CHUNKED, "5\r\nHello\r\n"));
    assert_eq!(client.head().status(), 200);
    assert_eq!(client.chunk(), b"Hello");
    for piece in ["a", "bc"] {
        client.send(format!("{:x}\r\n{piece}\r\n", piece.len()));
        assert_eq!(client.chunk(), piece.as_bytes());
    }
    client.send("0\r\n\r\n");
    assert_eq!(client.chunk(), b"");
}

#[test]
fn a_body_that_becomes_the_response_is_not_lost_when_it_arrives_at_once() {
    let server = Server::start(Settings::default(), || {
        handler(|request| async move {
            let body = Pieces(request.body_stream());
            Response::new(StatusCode::OK).with_body(Body::stream(body))
        })
    });
    for (framing, body) in [("Content-Length: 5", "Hello"), (CHUNKED, "5\r\nHello\r\n0\r\n\r\n")] {
        let mut client = server.connect();
        assert_eq!(client.send(post(framing, body)).reply().text(), "Hello", "{framing}");
    }
}

struct Pieces(BodyStream);

impl Stream for Pieces {
    type Item = Result<Bytes, Box<dyn Error>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx).map(|piece| Some(piece?.map_err(Into::into)))
    }
}

#[test]
fn a_client_waits_while_nobody_reads_its_body() {
    let go = Arc::<AtomicBool>::default();
    let reading = go.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |request| {
            let reading = reading.clone();
            async move {
                while !reading.load(Ordering::Relaxed) {
                    sleep(milliseconds(1)).await;
                }
                count(&request).await
            }
        })
    });
    const LENGTH: usize = 64 << 20;
    let mut client = server.connect();
    client.send(post(&format!("Content-Length: {LENGTH}"), ""));
    let sent = Arc::<AtomicUsize>::default();
    let sending = sent.clone();
    let mut socket = client.socket().try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        let piece = vec![b'x'; 1 << 16];
        for _ in 0..LENGTH / piece.len() {
            socket.write_all(&piece).unwrap();
            sending.fetch_add(piece.len(), Ordering::Relaxed);
        }
    });
    // What the system itself takes ends somewhere; the server has taken next to nothing.
    let mut before = usize::MAX;
    eventually("the client has to wait", || {
        std::thread::sleep(milliseconds(20));
        let now = sent.load(Ordering::Relaxed);
        std::mem::replace(&mut before, now) == now
    });
    assert!(before < LENGTH / 2, "{before} bytes were taken");
    go.store(true, Ordering::Relaxed);
    assert_eq!(client.reply().text(), LENGTH.to_string());
    sender.join().unwrap();
}

#[test]
fn a_large_body_is_read_whole() {
    let server = Server::start(Settings::default(), || {
        handler(|request| async move {
            request.read_body(u64::MAX).await.unwrap();
            let body = request.body();
            let sum = body.iter().fold(0_u64, |sum, &byte| sum * 31 % 1_000_003 + u64::from(byte));
            answer(StatusCode::OK, format!("{} {sum}", body.len()))
        })
    });
    let body: Vec<u8> = (0..3_000_001_u32).map(|number| (number % 251) as u8).collect();
    let sum = body.iter().fold(0_u64, |sum, &byte| sum * 31 % 1_000_003 + u64::from(byte));
    let mut chunked = Vec::new();
    for chunk in body.chunks(70_001) {
        chunked.extend(format!("{:x}\r\n", chunk.len()).bytes());
        chunked.extend(chunk);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\n\r\n");
    let mut client = server.connect();
    client.send(post(&format!("Content-Length: {}", body.len()), "")).send(&body);
    assert_eq!(client.reply().text(), format!("{} {sum}", body.len()));
    client.send(post(CHUNKED, "")).send(chunked);
    assert_eq!(client.reply().text(), format!("{} {sum}", body.len()));
}

#[test]
fn reading_a_body_again_gives_the_same_body() {
    let server = Server::start(Settings::default(), || {
        handler(|request| async move {
            request.read_body(10).await.unwrap();
            request.read_body(10).await.unwrap();
            assert!(request.body_stream().next().await.is_none());
            answer(StatusCode::OK, request.body().to_vec())
        })
    });
    let mut client = server.connect();
    for (framing, body) in [("Content-Length: 5", "Hello"), (CHUNKED, "5\r\nHello\r\n0\r\n\r\n")] {
        assert_eq!(client.send(post(framing, body)).reply().text(), "Hello");
    }
}

#[test]
fn a_client_that_leaves_within_its_body_is_a_disconnection() {
    let errors = Arc::<AtomicUsize>::default();
    let noted = errors.clone();
    let server = Server::start(Settings::default(), move || {
        handler(move |request| {
            let noted = noted.clone();
            async move {
                let error = request.read_body(100).await.unwrap_err();
                assert!(matches!(error, BodyError::Disconnected));
                noted.fetch_add(1, Ordering::Relaxed);
                answer(error.status(), "")
            }
        })
    });
    let bodies = [("Content-Length: 5", "Hell"), (CHUNKED, "5\r\nHello\r\n")];
    for (count, (framing, body)) in bodies.into_iter().enumerate() {
        let mut client = server.connect();
        client.send(post(framing, body));
        drop(client);
        eventually("the handler is told", || errors.load(Ordering::Relaxed) == count + 1);
        eventually("nothing is left", || server.connections() == 0);
    }
}
