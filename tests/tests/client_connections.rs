//! Connections that end at the wrong moment, servers that are slow, and bodies that are streamed.

use gustnado::coroutine::sleep;
use gustnado::http::{
    AsyncHTTPClient, Body, HTTPClientError, HTTPRequest, Phase, Request, Response, Settings,
};
use gustnado::{Method, StatusCode};
use gustnado_tests::{
    Client, PATIENCE, Script, Server, Source, answer, eventually, handler, milliseconds,
};
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Serves one request, and then waits for another, which it answers by closing the connection; the second connection works.
fn closes_at_the_second(how: impl Fn(Client) + Send + 'static) -> Script {
    Script::start(2, move |number, mut client| {
        client.take_until(b"\r\n\r\n");
        client.send(OK);
        if number == 0 {
            client.take_until(b"\r\n\r\n");
            how(client);
        }
    })
}

#[gustnado::test]
async fn a_request_that_may_be_repeated_is_when_the_server_closes_as_we_send() {
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
        for reset in [false, true] {
            let script = closes_at_the_second(move |client| match reset {
                true => client.reset(),
                false => drop(client),
            });
            let client = AsyncHTTPClient::new();
            client.fetch(script.url("/")).await.unwrap();
            let mut request = HTTPRequest::new(script.url("/")).method(method.clone());
            if method == Method::PUT {
                request = request.body("abc");
            }
            assert_eq!(client.fetch(request).await.unwrap().code(), 200, "{method}");
            script.finish();
        }
    }
}

#[gustnado::test]
async fn a_request_that_must_not_be_repeated_is_not() {
    let stream = || Body::stream(Source::new("abc", 1));
    for (method, body) in [
        (Method::POST, Body::from("abc")),
        (Method::PATCH, Body::from("abc")),
        (Method::PUT, stream()),
    ] {
        let script = Script::start(1, |_, mut client| {
            client.take_until(b"\r\n\r\n");
            client.send(OK).take_until(b"\r\n\r\n");
        });
        let client = AsyncHTTPClient::new();
        client.fetch(script.url("/")).await.unwrap();
        let request = HTTPRequest::new(script.url("/")).method(method.clone()).body(body);
        let error = client.fetch(request).await.unwrap_err();
        assert!(matches!(error, HTTPClientError::Closed(_)), "{method}: {error:?}");
        script.finish();
    }
}

#[gustnado::test]
async fn a_request_is_repeated_once_and_never_over_a_new_connection() {
    let script = closes_at_the_second(drop);
    let client = AsyncHTTPClient::new();
    client.fetch(script.url("/")).await.unwrap();
    client.fetch(script.url("/")).await.unwrap();
    script.finish();

    let script = Script::start(1, |_, mut client| drop(client.take_until(b"\r\n\r\n")));
    let error = client.fetch(script.url("/")).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::Closed(_)), "{error:?}");
    script.finish();
}

#[gustnado::test]
async fn a_response_that_has_begun_is_not_asked_for_again() {
    let script = Script::start(1, |_, mut client| {
        client.take_until(b"\r\n\r\n");
        client.send(OK).take_until(b"\r\n\r\n");
        client.send("HTTP/1.1 ");
    });
    let client = AsyncHTTPClient::new();
    client.fetch(script.url("/")).await.unwrap();
    let error = client.fetch(script.url("/")).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::Closed(_)), "{error:?}");
    script.finish();
}

#[gustnado::test]
async fn waiting_for_an_answer_has_a_deadline() {
    let silent = Script::start(1, |_, mut client| {
        client.take_until(b"\r\n\r\n");
        client.expect_end();
    });
    let request = HTTPRequest::new(silent.url("/")).request_timeout(milliseconds(20));
    let error = AsyncHTTPClient::new().fetch(request).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::Timeout(Phase::Request)), "{error:?}");
    assert!(error.is_timeout() && error.code() == 599);
    silent.finish();
}

#[gustnado::test]
async fn connecting_has_a_deadline() {
    let (address, _full) = gustnado_tests::unreachable();
    let client = AsyncHTTPClient::new();
    let request = HTTPRequest::new(format!("http://{address}/")).connect_timeout(milliseconds(20));
    let error = client.fetch(request).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::Timeout(Phase::Connect)), "{error:?}");
    assert_eq!(error.to_string(), "Timeout while connecting");
}

#[gustnado::test]
async fn a_server_that_sends_byte_by_byte_does_not_gain_time() {
    let script = Script::start(1, |_, mut client| {
        client.take_until(b"\r\n\r\n");
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for _ in 0..1000 {
            client.try_send("a");
            std::thread::sleep(milliseconds(2));
            if client.has_left() {
                return;
            }
        }
        panic!("the client was patient");
    });
    let request = HTTPRequest::new(script.url("/")).request_timeout(milliseconds(50));
    let error = AsyncHTTPClient::new().fetch(request).await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    script.finish();
}

#[gustnado::test]
async fn a_timeout_of_zero_is_none() {
    let script = Script::start(1, |_, mut client| {
        client.take_until(b"\r\n\r\n");
        std::thread::sleep(milliseconds(30));
        client.send(OK);
    });
    let zero = std::time::Duration::ZERO;
    let request = HTTPRequest::new(script.url("/"))
        .queue_timeout(zero)
        .connect_timeout(zero)
        .request_timeout(zero);
    assert_eq!(AsyncHTTPClient::new().fetch(request).await.unwrap().text(), "ok");
}

#[gustnado::test]
async fn a_server_may_answer_before_it_has_been_sent_everything() {
    let script = Script::start(2, |number, mut client| {
        client.take_until(b"\r\n\r\n");
        if number == 0 {
            client.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\ntoo");
            // What was sent until then is read, or the answer would be destroyed.
            client.rest();
        } else {
            client.send(OK);
        }
    });
    let client = AsyncHTTPClient::new();
    let endless = Body::stream(Source::new(vec![b'a'; 64 * 1024], usize::MAX));
    let request = HTTPRequest::post(script.url("/")).body(endless).raise_error(false);
    let response = client.fetch(request).await.unwrap();
    assert_eq!((response.code(), response.text().as_ref()), (413, "too"));
    assert_eq!(client.idle_connections(), 0);
    client.fetch(script.url("/")).await.unwrap();
    script.finish();
}

#[gustnado::test]
async fn a_body_is_sent_when_the_server_says_that_it_wants_it() {
    let server = Server::start(Settings::default(), || {
        handler(|request: Request| async move {
            if request.path() == "/no" {
                return answer(StatusCode::FORBIDDEN, "no");
            }
            assert_eq!(request.header("expect"), Some("100-continue"));
            request.read_body(100).await.unwrap();
            answer(StatusCode::OK, request.body().to_vec())
        })
    });
    let client = AsyncHTTPClient::new();
    for body in [Body::from("abc"), Body::stream(Source::new("abc", 1))] {
        let request = HTTPRequest::post(server.url("/")).body(body).expect_100_continue(true);
        assert_eq!(client.fetch(request).await.unwrap().text(), "abc");
        assert_eq!(client.idle_connections(), 1);
    }
    let source = Source::new("abc", 10);
    let refused = HTTPRequest::post(server.url("/no"))
        .body(Body::stream(source.clone()))
        .expect_100_continue(true);
    assert_eq!(client.fetch(refused).await.unwrap_err().code(), 403);
    assert_eq!(source.asked(), 0, "nothing was sent");
    assert_eq!(client.idle_connections(), 0, "the server may wait for it still");
}

#[gustnado::test]
async fn a_server_that_knows_no_100_is_not_waited_for_for_ever() {
    let script = Script::start(1, |_, mut client| {
        client.take_until(b"\r\n\r\n");
        assert_eq!(client.take(3), b"abc");
        client.send(OK);
    });
    let request = HTTPRequest::post(script.url("/")).body("abc").expect_100_continue(true);
    assert_eq!(AsyncHTTPClient::new().fetch(request).await.unwrap().text(), "ok");
}

#[gustnado::test]
async fn a_body_is_produced_no_faster_than_the_server_reads() {
    let (go, gone) = std::sync::mpsc::channel();
    let script = Script::start(1, move |_, mut client| {
        client.take_until(b"\r\n\r\n");
        gone.recv().unwrap();
        client.take(64 * 1024 * 1000);
        client.send(OK);
    });
    let source = Source::new(vec![b'a'; 64 * 1024], 1000);
    let body = Body::sized_stream(64 * 1024 * 1000, source.clone());
    let client = AsyncHTTPClient::new();
    let fetching =
        gustnado::ioloop::spawn(client.fetch(HTTPRequest::put(script.url("/")).body(body)));
    let mut before = 0;
    loop {
        sleep(milliseconds(20)).await;
        if source.asked() == before && before > 0 {
            break;
        }
        before = source.asked();
    }
    assert!(before < 500, "{before} pieces of 64 KiB were asked for, and nothing was read");
    go.send(()).unwrap();
    assert_eq!(fetching.await.unwrap().unwrap().text(), "ok");
    script.finish();
}

/// Yields `abc`, is not ready once, and ends.
struct Hesitant(u32);

impl futures_core::Stream for Hesitant {
    type Item = Result<bytes::Bytes, Box<dyn std::error::Error>>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        self.0 += 1;
        match self.0 {
            1 => Poll::Ready(Some(Ok("abc".into()))),
            2 => Poll::Pending,
            _ => Poll::Ready(None),
        }
    }
}

#[gustnado::test]
async fn a_connection_is_kept_although_the_answer_is_heard_before_the_end_of_what_was_sent() {
    let script = Script::start(1, |_, mut client| {
        client.take_until(b"\r\n\r\nabc");
        client.send(OK).take_until(b"\r\n\r\n");
        client.send(OK);
    });
    let client = AsyncHTTPClient::new();
    let body = Body::sized_stream(3, Hesitant(0));
    client.fetch(HTTPRequest::put(script.url("/")).body(body)).await.unwrap();
    client.fetch(script.url("/")).await.unwrap();
    script.finish();
}

#[gustnado::test]
async fn a_connection_is_kept_although_nobody_asks_for_a_body_that_there_is_not() {
    let script = Script::start(1, |_, mut client| {
        for status in ["204 No Content", "200 OK\r\nContent-Length: 0"] {
            client.take_until(b"\r\n\r\n");
            client.send(format!("HTTP/1.1 {status}\r\n\r\n"));
        }
    });
    let client = AsyncHTTPClient::new();
    for _ in 0..2 {
        drop(client.fetch_streamed(script.url("/")).await.unwrap());
    }
    script.finish();
}

/// Sends a hundred pieces of 64 KiB.
async fn film(_: Request) -> Response {
    let source = Source::new(vec![b'a'; 64 * 1024], 100);
    answer(StatusCode::OK, Body::stream(source))
}

#[gustnado::test]
async fn a_body_is_read_piece_by_piece() {
    let server = Server::start(Settings::default(), || handler(film));
    let client = AsyncHTTPClient::new();
    let mut response = client.fetch_streamed(server.url("/")).await.unwrap();
    assert_eq!((response.code(), response.body().len()), (200, 0));
    let mut length = 0;
    while let Some(piece) = response.next().await {
        let piece = piece.unwrap();
        assert!(!piece.is_empty() && piece.iter().all(|byte| *byte == b'a'));
        length += piece.len();
        assert_eq!(client.idle_connections(), 0);
    }
    assert_eq!(length, 100 * 64 * 1024);
    assert_eq!((client.idle_connections(), server.connections()), (1, 1));

    let total = Rc::new(Cell::new(0));
    let counted = total.clone();
    let request = HTTPRequest::new(server.url("/"))
        .streaming_callback(move |piece| counted.set(counted.get() + piece.len()));
    assert!(client.fetch(request).await.unwrap().body().is_empty());
    assert_eq!(total.get(), length);
}

#[gustnado::test]
async fn a_server_sends_no_faster_than_we_read_and_hears_when_we_leave() {
    let (told, telling) = std::sync::mpsc::channel();
    let script = Script::start(1, move |_, mut client| {
        client.take_until(b"\r\n\r\n");
        client.send("HTTP/1.1 200 OK\r\n\r\n");
        assert!(client.send_until_stuck() < 32 << 20);
        told.send(()).unwrap();
        eventually("the client leaves", || client.has_left());
    });
    let client = AsyncHTTPClient::new();
    let mut response = client.fetch_streamed(script.url("/")).await.unwrap();
    assert!(response.next().await.unwrap().is_ok());
    let stuck = gustnado::ioloop::run_in_executor(move || telling.recv_timeout(PATIENCE));
    stuck.await.unwrap().unwrap();
    drop(response);
    assert_eq!(client.idle_connections(), 0);
    script.finish();
}

#[gustnado::test]
async fn a_stream_fails_as_a_body_does() {
    for (rest, closed) in [("", true), ("x\r\n", false)] {
        let script = Script::answers(vec![format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n{rest}"
        )]);
        let client = AsyncHTTPClient::new();
        let mut response = client.fetch_streamed(script.url("/")).await.unwrap();
        assert_eq!(response.next().await.unwrap().unwrap(), "abc");
        let error = response.next().await.unwrap().unwrap_err();
        assert_eq!(matches!(error, HTTPClientError::Closed(_)), closed, "{error:?}");
        assert!(response.next().await.is_none(), "there is nothing more behind an error");
    }
    let script = Script::answers(vec!["HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc"]);
    let error = AsyncHTTPClient::new().fetch_streamed(script.url("/")).await.unwrap_err();
    assert_eq!(error.response().map(|response| response.text().into_owned()), Some("abc".into()));
}

#[gustnado::test]
async fn the_deadline_holds_for_a_stream_too() {
    let script = Script::start(1, |_, mut client| {
        client.take_until(b"\r\n\r\n");
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").expect_end();
    });
    let request = HTTPRequest::new(script.url("/")).request_timeout(milliseconds(30));
    let mut response = AsyncHTTPClient::new().fetch_streamed(request).await.unwrap();
    assert!(response.next().await.unwrap().is_ok());
    assert!(response.next().await.unwrap().unwrap_err().is_timeout());
    script.finish();
}

#[gustnado::test(timeout = 20)]
async fn a_thousand_at_once_over_many_origins() {
    let servers: Vec<_> = (0..10)
        .map(|_| {
            Server::start(Settings::default(), || {
                handler(|_| async { answer(StatusCode::OK, "ok") })
            })
        })
        .collect();
    let client = AsyncHTTPClient::builder().max_idle_connections(1000).build();
    let fetches: Vec<_> =
        (0..1000).map(|number| client.fetch(servers[number % 10].url("/"))).collect();
    assert_eq!(gustnado::coroutine::Multi(fetches).await.unwrap().len(), 1000);
    assert_eq!(client.idle_connections(), 1000);
    drop(client);
    eventually("all are closed", || servers.iter().all(|server| server.connections() == 0));
}
