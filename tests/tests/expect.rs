//! `Expect: 100-continue`.

use gustnado::StatusCode;
use gustnado::http::{Body, Settings};
use gustnado_tests::{Server, answer, echo, handler, milliseconds};
use std::sync::Arc;

const ASKING: &str =
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n";

fn server() -> Server {
    Server::start(Settings::default(), || echo(&Arc::default()))
}

#[test]
fn a_client_that_asks_is_told_to_go_on_when_the_body_is_read() {
    let server = server();
    let mut client = server.connect();
    for framing in ["Content-Length: 5", "Transfer-Encoding: chunked"] {
        client.send(format!(
            "POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\nExpect: 100-continue\r\n\r\n"
        ));
        assert_eq!(client.take_until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n");
        client.expect_silence(milliseconds(10));
        client.send(if framing.ends_with('5') { "Hello" } else { "5\r\nHello\r\n0\r\n\r\n" });
        let reply = client.reply();
        assert_eq!((reply.text().as_str(), reply.header("connection")), ("POST / Hello", None));
    }
}

#[test]
fn a_client_whose_body_is_there_already_is_not_told_anything() {
    let server = server();
    let mut client = server.connect();
    client.send([ASKING, "Hello"].concat());
    assert_eq!(client.reply().text(), "POST / Hello");
}

#[test]
fn a_client_without_a_body_or_with_http_1_0_is_not_told_anything() {
    let server = server();
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.reply().text(), "GET / ");
    client.send(
        "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    );
    client.expect_silence(milliseconds(20));
    assert_eq!(client.send("Hello").reply().text(), "POST / Hello");
}

#[test]
fn another_expectation_cannot_be_met() {
    let server = server();
    let mut client = server.connect();
    let reply = client.send(ASKING.replace("100-Continue", "a-miracle")).reply();
    assert_eq!(reply.status_line, "HTTP/1.1 417 Expectation Failed");
    client.expect_end();
}

#[test]
fn a_body_that_would_be_too_large_is_refused_at_once() {
    let server = server();
    for framing in ["Content-Length: 21", "Content-Length: 18446744073709551615"] {
        let mut client = server.connect();
        client.send(ASKING.replace("Content-Length: 5", framing));
        let reply = client.reply();
        assert_eq!((reply.status(), reply.header("connection")), (413, Some("close")), "{framing}");
        client.expect_end();
    }
}

#[test]
fn a_client_whose_body_is_not_wanted_gets_the_answer_only() {
    let server = Server::start(Settings::default(), || {
        handler(|_| async { answer(StatusCode::FORBIDDEN, "go away") })
    });
    let mut client = server.connect();
    let reply = client.send(ASKING).reply();
    assert_eq!((reply.status(), reply.header("connection")), (403, Some("close")));
    client.expect_end();
}

#[test]
fn going_on_is_told_behind_the_answers_to_earlier_requests() {
    let server = server();
    let mut client = server.connect();
    client.send(["GET /a HTTP/1.1\r\nHost: a\r\n\r\n", ASKING].concat());
    assert_eq!(client.reply().text(), "GET /a ");
    assert_eq!(client.take_until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(client.send("Hello").reply().text(), "POST / Hello");
}

/// An interim response within another response would be taken for a part of it.
#[test]
fn nobody_is_told_to_go_on_once_the_response_has_begun() {
    let server = Server::start(Settings::default(), || {
        handler(|request| async move {
            let body = Pieces(request.body_stream());
            answer(StatusCode::OK, "").with_body(Body::stream(body))
        })
    });
    let mut client = server.connect();
    let reply = client.send(ASKING).head();
    assert_eq!(reply.header("transfer-encoding"), Some("chunked"));
    assert_eq!(client.send("Hello").chunk(), b"Hello");
    assert_eq!(client.chunk(), b"");
    client.expect_end();
}

/// The pieces of a request's body as those of its response.
struct Pieces(gustnado::http::BodyStream);

impl futures_core::Stream for Pieces {
    type Item = Result<bytes::Bytes, Box<dyn std::error::Error>>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::pin::Pin::new(&mut self.0).poll_next(cx).map(|piece| Some(piece?.map_err(Into::into)))
    }
}
