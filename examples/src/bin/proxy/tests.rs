//! The proxy between a client and a server that do as they please.

use super::*;
use gustnado::http::Body;
use gustnado_tests::{Client, Script, Server, Source, answer, eventually, handler};

/// A proxy before `upstream`.
fn proxy(upstream: String) -> Server {
    Server::start(settings(), move || Proxy::new(upstream))
}

/// A server that tells what has arrived, and what follows from it.
async fn tell(request: Request) -> Response {
    if request.path() == "/echo" {
        let body = request.body_stream();
        return answer(StatusCode::OK, Body::stream(Plain(body)));
    }
    let mut text = format!("{} {}\n", request.method(), request.target());
    for (name, value) in request.headers() {
        text += &format!("{name}: {}\n", value.escape_ascii());
    }
    let status = request.header("x-status").and_then(|status| status.parse().ok());
    let status = StatusCode::from_u16(status.unwrap_or(200)).unwrap();
    answer(status, text)
        .with_header("Location", "/elsewhere")
        .unwrap()
        .with_header("X-Kept", "yes")
        .unwrap()
}

/// A request's body as a response's.
struct Plain(BodyStream);

impl futures_core::Stream for Plain {
    type Item = Result<bytes::Bytes, Box<dyn std::error::Error>>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::pin::Pin::new(&mut self.0).poll_next(cx).map_err(Into::into)
    }
}

fn teller() -> Server {
    Server::start(settings(), || handler(tell))
}

#[gustnado::test(timeout = 30)]
async fn long_bodies_go_both_ways_at_once() {
    let origin = teller();
    let proxy = proxy(origin.url(""));
    let client = AsyncHTTPClient::new();
    let piece: Vec<u8> = (0..100_003).map(|at: u32| (at * 7 + at / 251) as u8).collect();
    let expected = piece.repeat(200);
    let source = Source::new(piece, 200);
    for body in
        [Body::sized_stream(expected.len() as u64, source.clone()), Body::stream(source.clone())]
    {
        let response = client.fetch(HTTPRequest::put(proxy.url("/echo")).body(body)).await.unwrap();
        assert!(response.body() == &expected, "{} bytes", response.body().len());
    }
}

#[test]
fn headers_of_a_hop_stay_there_and_others_go_on() {
    let origin = teller();
    let proxy = proxy(origin.url("/base/"));
    let reply = proxy
        .connect()
        .send(
            "GET /a%20b?c=d HTTP/1.1\r\nHost: public.test\r\nConnection: keep-alive, X-Secret, upgrade\r\n\
             X-Secret: 1\r\nUpgrade: websocket\r\nTE: trailers\r\nKeep-Alive: 5\r\nProxy-Authorization: x\r\n\
             X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: gopher\r\nCookie: a=b\r\n\
             Accept-Encoding: br\r\nUser-Agent: me\r\n\r\n",
        )
        .reply();
    let expected = format!(
        "GET /base/a%20b?c=d\nHost: {}\nX-Forwarded-For: 192.0.2.1\nCookie: a=b\n\
         Accept-Encoding: br\nUser-Agent: me\nX-Forwarded-For: 127.0.0.1\n\
         X-Forwarded-Host: public.test\nX-Forwarded-Proto: http\nVia: 1.1 gustnado\n",
        origin.address()
    );
    assert_eq!(reply.text(), expected);
    assert_eq!((reply.header("x-kept"), reply.header("via")), (Some("yes"), Some("1.1 gustnado")));
}

#[test]
fn responses_come_back_as_they_are() {
    let script = Script::start(1, |_, mut client| {
        for answer in [
            "200 OK\r\nContent-Length: 2\r\nConnection: X-Hop\r\nX-Hop: 1\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\nok",
            "200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "302 Found\r\nLocation: http://elsewhere.test/\r\nContent-Length: 0\r\n\r\n",
            "304 Not Modified\r\nETag: \"a\"\r\n\r\n",
            "404 Not Found\r\nContent-Length: 4\r\n\r\ngone",
        ] {
            client.take_until(b"\r\n\r\n");
            client.send(format!("HTTP/1.1 {answer}"));
        }
    });
    let proxy = proxy(script.url(""));
    let mut client = proxy.connect();
    let reply = client.get("/");
    let cookies: Vec<_> = reply.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    assert_eq!((reply.text().as_str(), cookies.len()), ("ok", 2));
    assert_eq!((reply.header("x-hop"), reply.header("content-length")), (None, Some("2")));
    let reply = client.get("/");
    assert_eq!((reply.text().as_str(), reply.header("content-encoding")), ("abc", Some("gzip")));
    let reply = client.get("/");
    assert_eq!((reply.status(), reply.header("location")), (302, Some("http://elsewhere.test/")));
    let reply = client.get("/");
    assert_eq!((reply.status(), reply.header("etag")), (304, Some("\"a\"")));
    let reply = client.get("/");
    assert_eq!((reply.status(), reply.text().as_str()), (404, "gone"));
    script.finish();
}

#[test]
fn every_method_goes_on_but_connect() {
    let origin = teller();
    let proxy = proxy(origin.url(""));
    let mut client = proxy.connect();
    for method in ["GET", "POST", "DELETE", "PURGE", "OPTIONS"] {
        let reply = client.send(format!("{method} /a HTTP/1.1\r\nHost: a\r\n\r\n")).reply();
        assert!(reply.text().starts_with(&format!("{method} /a\n")), "{}", reply.text());
    }
    let head = client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n").head();
    let get = client.get("/a");
    let length = |reply: &gustnado_tests::Reply| reply.header("content-length").map(str::to_owned);
    assert!(length(&head).is_some() && length(&get).is_some());
    let reply = client.send("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n").reply();
    assert_eq!(reply.status(), 501);
}

#[test]
fn who_does_not_read_makes_the_server_behind_wait() {
    let source = Source::new(vec![b'a'; 64 * 1024], usize::MAX);
    let endless = source.clone();
    let origin = Server::start(settings(), || {
        handler(move |_| {
            let body = Body::stream(endless.clone());
            async { answer(StatusCode::OK, body) }
        })
    });
    let proxy = proxy(origin.url(""));
    let mut client = proxy.connect();
    client.send_get("/");
    let mut before = 0;
    eventually("nothing more is asked for", || {
        std::thread::sleep(Duration::from_millis(50));
        let asked = source.asked();
        std::mem::replace(&mut before, asked) == asked && asked > 0
    });
    assert!(before < 1000, "{before} pieces of 64 KiB were asked for, and nothing was read");
    drop(client);
    eventually("who leaves ends the response", || origin.connections() == 0);
}

#[test]
fn a_server_behind_that_does_not_read_makes_the_client_wait() {
    let (go, gone) = std::sync::mpsc::channel();
    let script = Script::start(1, move |_, mut client| {
        client.take_until(b"\r\n\r\n");
        gone.recv().unwrap();
        client.rest();
    });
    let proxy = proxy(script.url(""));
    let mut client = proxy.connect();
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n");
    let sent = client.send_until_stuck();
    assert!(sent < 64 << 20, "{sent} bytes were taken");
    drop(client);
    go.send(()).unwrap();
    script.finish();
}

#[test]
fn a_body_is_asked_for_when_the_server_behind_wants_it() {
    let script = Script::start(1, |_, mut client| {
        let head = String::from_utf8(client.take_until(b"\r\n\r\n")).unwrap();
        assert!(head.contains("\r\nExpect: 100-continue\r\n"), "{head}");
        client.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n").expect_end();
    });
    let proxy = proxy(script.url(""));
    let mut client = proxy.connect();
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.reply().status(), 413);
    script.finish();
}

#[test]
fn what_is_wrong_with_a_request_is_the_clients_fault_and_the_rest_is_not() {
    let script = Script::start(2, |number, mut client| match number {
        0 => {
            client.take_until(b"\r\n\r\n");
            client.take_until(b"abc\r\n");
            client.expect_end();
        }
        _ => {
            client.take_until(b"\r\n\r\n");
            client.send("HTTP/2.0 200 OK\r\n\r\n");
        }
    });
    let proxy = proxy(script.url(""));
    let bad = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nx";
    assert_eq!(proxy.connect().send(bad).reply().status(), 400);
    assert_eq!(proxy.connect().get("/").status(), 502);
    script.finish();
    assert_eq!(proxy.connect().get("/").status(), 502, "nobody listens any more");
}

#[test]
fn a_server_behind_that_falls_silent_ends_the_response() {
    let script = Script::start(1, |_, mut client| {
        client.take_until(b"\r\n\r\n");
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").expect_end();
    });
    let url = script.url("");
    let proxy = Server::start(settings(), move || {
        let mut proxy = Proxy::new(url);
        proxy.silence = Duration::from_millis(50);
        proxy
    });
    let mut client: Client = proxy.connect();
    client.send_get("/");
    assert_eq!(client.head().status(), 200);
    assert_eq!(client.rest(), b"abc", "and no more, although nine bytes were promised");
    script.finish();
}

#[test]
fn the_page_behind_shows_what_has_arrived() {
    let origin = Server::application(|| Application::new(routes![index]));
    let proxy = proxy(origin.url(""));
    let text = proxy.connect().get("/").text();
    assert!(text.starts_with("GET /\n") && text.contains("\nVia: 1.1 gustnado\n"), "{text}");
}
