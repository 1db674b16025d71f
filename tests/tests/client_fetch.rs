//! The client and the server of this crate, face to face.

use gustnado::coroutine::{Multi, cancel_after, moment};
use gustnado::http::{
    AsyncHTTPClient, Body, HTTPClientError, HTTPRequest, InvalidHeader, InvalidRequest, Phase,
    Request, Response, Settings,
};
use gustnado::ioloop::Frame;
use gustnado::netutil::Resolver;
use gustnado::{Method, StatusCode};
use gustnado_tests::{Script, Server, Source, answer, eventually, handler, milliseconds};
use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

/// Answers with the request as it has arrived, a line for each part.
async fn tell(request: Request) -> Response {
    if let Err(error) = request.read_body(1 << 30).await {
        return answer(error.status(), error.to_string());
    }
    let mut text = format!("{} {}\n", request.method(), request.target());
    for (name, value) in request.headers() {
        text += &format!("{name}: {}\n", String::from_utf8_lossy(value));
    }
    text += &String::from_utf8_lossy(request.body());
    let status = request.header("x-status").and_then(|status| status.parse().ok());
    answer(StatusCode::from_u16(status.unwrap_or(200)).unwrap(), text)
}

fn server() -> Server {
    Server::start(Settings::default(), || handler(tell))
}

#[gustnado::test]
async fn a_text_is_a_get_of_that_url() {
    let server = server();
    let client = AsyncHTTPClient::new();
    let response = client.fetch(server.url("/a?b#c")).await.unwrap();
    assert_eq!((response.code(), response.reason()), (200, "OK"));
    let host = server.address();
    let agent = concat!("gustnado/", env!("CARGO_PKG_VERSION"));
    let head = format!("Host: {host}\nUser-Agent: {agent}\nAccept-Encoding: gzip\n");
    assert_eq!(response.text(), format!("GET /a?b\n{head}"));
    assert_eq!(response.effective_url(), server.url("/a?b"));
    assert_eq!(response.header("content-length"), Some(response.body().len().to_string().as_str()));
}

#[gustnado::test]
async fn a_connection_is_kept_for_the_next_fetch() {
    let server = server();
    let client = AsyncHTTPClient::new();
    for _ in 0..5 {
        client.fetch(server.url("/")).await.unwrap();
        assert_eq!(client.idle_connections(), 1);
    }
    assert_eq!(server.connections(), 1);
    drop(client);
    eventually("the connection is closed with its client", || server.connections() == 0);
}

#[gustnado::test]
async fn every_method_is_sent_with_its_body() {
    let server = server();
    let client = AsyncHTTPClient::new();
    let url = server.url("/");
    for (request, line, length) in [
        (HTTPRequest::get(&url), "GET", None),
        (HTTPRequest::delete(&url), "DELETE", None),
        (HTTPRequest::new(&url).method(Method::OPTIONS), "OPTIONS", None),
        (HTTPRequest::post(&url).body("abc"), "POST", Some("3")),
        (HTTPRequest::post(&url).body(""), "POST", Some("0")),
        (HTTPRequest::put(&url).body("abc"), "PUT", Some("3")),
        (HTTPRequest::patch(&url).body(vec![b'x'; 100]), "PATCH", Some("100")),
    ] {
        let response = client.fetch(request).await.unwrap();
        let text = response.text();
        assert!(text.starts_with(&format!("{line} /\n")), "{text}");
        let sent = text.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        assert_eq!(sent, length, "{text}");
        let form = text.contains("Content-Type: application/x-www-form-urlencoded");
        assert_eq!(form, line == "POST", "{text}");
    }
    let response = client.fetch(HTTPRequest::head(&url)).await.unwrap();
    assert!(response.body().is_empty() && response.header("content-length") != Some("0"));
    assert_eq!(server.connections(), 1);
}

#[gustnado::test]
async fn headers_are_sent_as_given() {
    let server = server();
    let client = AsyncHTTPClient::new();
    let request = HTTPRequest::new(server.url("/"))
        .header("X-A", "1")
        .header("x-a", "2")
        .append_header("X-A", "\u{e9}")
        .header("User-Agent", "me")
        .header("Host", "other.test:1")
        .decompress_response(false);
    let response = client.fetch(request).await.unwrap();
    assert_eq!(response.text(), "GET /\nx-a: 2\nX-A: \u{e9}\nUser-Agent: me\nHost: other.test:1\n");
    let json = HTTPRequest::post(server.url("/")).json(&[1, 2]);
    let text = client.fetch(json).await.unwrap().text().into_owned();
    assert!(text.contains("Content-Type: application/json\n") && text.ends_with("[1,2]"), "{text}");
}

#[gustnado::test]
async fn a_user_in_the_url_is_basic_authentication() {
    let server = server();
    let client = AsyncHTTPClient::new();
    let url = format!("http://Aladdin:open%20sesame@{}/", server.address());
    let response = client.fetch(&url).await.unwrap();
    let expected = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\n";
    assert!(response.text().contains(expected), "{}", response.text());
    assert_eq!(response.effective_url(), server.url("/"));
    let request = HTTPRequest::new(&url).basic_auth("test", "123\u{a3}");
    let response = client.fetch(request).await.unwrap();
    assert!(response.text().contains("Authorization: Basic dGVzdDoxMjPCow==\n"));
}

#[gustnado::test]
async fn a_status_that_is_no_success_is_an_error_unless_it_is_not() {
    let server = server();
    let client = AsyncHTTPClient::new();
    for status in ["300", "304", "404", "500", "599"] {
        let request = || HTTPRequest::new(server.url("/")).header("X-Status", status);
        let error = client.fetch(request()).await.unwrap_err();
        assert_eq!(error.code().to_string(), status);
        assert!(error.response().is_some_and(|response| response.code() == error.code()));
        let response = client.fetch(request().raise_error(false)).await.unwrap();
        assert_eq!(response.code().to_string(), status);
        assert!(response.rethrow().is_err());
    }
    let request = HTTPRequest::new(server.url("/")).header("X-Status", "404");
    let error = client.fetch(request).await.unwrap_err();
    assert_eq!(error.to_string(), "HTTP 404: Not Found");
    assert_eq!(gustnado::Error::from(error).status(), 500, "it is not the client's fault");
}

#[gustnado::test]
async fn what_cannot_be_sent_is_said_before_anything_is() {
    let client = AsyncHTTPClient::new();
    let get = || HTTPRequest::new("http://127.0.0.1:1/");
    let trace = Method::TRACE;
    for (request, problem) in [
        (HTTPRequest::new("ftp://a/"), InvalidRequest::Scheme),
        (HTTPRequest::new("http:///a"), InvalidRequest::Host),
        (HTTPRequest::new("http://a/\r\n"), InvalidRequest::URL),
        (get().header("A b", "c"), InvalidRequest::Header(InvalidHeader::Name)),
        (get().header("A", "b\r\nC: d"), InvalidRequest::Header(InvalidHeader::Value)),
        (get().append_header("A", "b\nC: d"), InvalidRequest::Header(InvalidHeader::Value)),
        (get().header("Host", "a/b"), InvalidRequest::Header(InvalidHeader::Value)),
        (get().header("Content-Length", "1"), InvalidRequest::Header(InvalidHeader::Reserved)),
        (get().header("Expect", "100-continue"), InvalidRequest::Header(InvalidHeader::Reserved)),
        (get().method(Method::POST), InvalidRequest::BodyMissing(Method::POST)),
        (get().body(""), InvalidRequest::BodyUnexpected(Method::GET)),
        (get().method(trace.clone()), InvalidRequest::Method(trace)),
        (
            get().method(Method::CONNECT).allow_nonstandard_methods(true),
            InvalidRequest::Method(Method::CONNECT),
        ),
    ] {
        match client.fetch(request).await {
            Err(HTTPClientError::Invalid(found)) => assert_eq!(found, problem),
            other => panic!("{problem:?}: {other:?}"),
        }
    }
}

#[gustnado::test]
async fn nonstandard_methods_are_allowed_on_demand() {
    let server = server();
    let client = AsyncHTTPClient::new();
    let brew = Method::from_bytes(b"BREW").unwrap();
    let request = HTTPRequest::new(server.url("/")).method(brew).allow_nonstandard_methods(true);
    assert!(client.fetch(request).await.unwrap().text().starts_with("BREW /\n"));
    let request = HTTPRequest::post(server.url("/")).allow_nonstandard_methods(true);
    assert!(client.fetch(request).await.unwrap().text().starts_with("POST /\n"));
    let request = HTTPRequest::get(server.url("/")).body("abc").allow_nonstandard_methods(true);
    assert!(client.fetch(request).await.unwrap().text().ends_with("abc"));
}

#[gustnado::test]
async fn large_bodies_go_both_ways() {
    let server = Server::start(Settings::default(), || {
        handler(|request: Request| async move {
            request.read_body(1 << 30).await.unwrap();
            answer(StatusCode::OK, request.body().to_vec())
        })
    });
    let client = AsyncHTTPClient::new();
    for length in [1, 16 * 1024, 16 * 1024 + 1, 3 << 20] {
        let body: Vec<u8> = (0..length).map(|at: usize| (at * 7 + at / 1000) as u8).collect();
        let response = client.fetch(HTTPRequest::post(server.url("/")).body(body.clone())).await;
        assert!(response.unwrap().body() == &body[..], "{length} bytes");
    }
    assert_eq!(server.connections(), 1);
}

#[gustnado::test]
async fn a_stream_is_sent_in_chunks_or_with_its_length() {
    let server = server();
    let client = AsyncHTTPClient::new();
    let pieces = || Source::new("abc", 3);
    let request = HTTPRequest::put(server.url("/")).body(Body::stream(pieces()));
    let text = client.fetch(request).await.unwrap().text().into_owned();
    assert!(text.contains("Transfer-Encoding: chunked\n") && text.ends_with("abcabcabc"), "{text}");
    let request = HTTPRequest::put(server.url("/")).body(Body::sized_stream(9, pieces()));
    let text = client.fetch(request).await.unwrap().text().into_owned();
    assert!(text.contains("Content-Length: 9\n") && text.ends_with("abcabcabc"), "{text}");
    assert_eq!((client.idle_connections(), server.connections()), (1, 1));
    for length in [8, 10] {
        let request = HTTPRequest::put(server.url("/")).body(Body::sized_stream(length, pieces()));
        let error = client.fetch(request).await.unwrap_err();
        assert!(matches!(error, HTTPClientError::Body(_)), "{length}: {error:?}");
        assert_eq!(
            client.idle_connections(),
            0,
            "a connection in the middle of a body is not kept"
        );
        client.fetch(server.url("/")).await.unwrap();
    }
}

#[gustnado::test]
async fn many_fetches_share_few_connections_and_wait_in_line() {
    let server = server();
    let client = AsyncHTTPClient::builder().max_clients_per_origin(3).build();
    let fetches: Vec<_> = (0..50).map(|_| client.fetch(server.url("/"))).collect();
    let responses = Multi(fetches).await.unwrap();
    assert_eq!(responses.len(), 50);
    assert_eq!((client.idle_connections(), server.connections()), (3, 3));
}

#[gustnado::test]
async fn who_waits_too_long_for_a_turn_is_told_so() {
    let script = Script::start(1, |_, mut client| {
        client.take_until(b"\r\n\r\n");
        client.expect_end();
    });
    let client = AsyncHTTPClient::builder().max_clients(1).build();
    let first = gustnado::ioloop::spawn(client.fetch(script.url("/")));
    moment().await;
    let request = HTTPRequest::new(script.url("/")).queue_timeout(milliseconds(10));
    let error = client.fetch(request).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::Timeout(Phase::Queue)), "{error:?}");
    assert_eq!((error.code(), error.to_string().as_str()), (599, "Timeout in request queue"));
    first.cancel();
    script.finish();
}

#[gustnado::test]
async fn a_slow_server_runs_into_the_deadline_and_its_connection_is_closed() {
    let script = Script::start(1, |_, mut client| {
        client.take_until(b"\r\n\r\n");
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
        client.expect_end();
    });
    let client = AsyncHTTPClient::new();
    let request = HTTPRequest::new(script.url("/")).request_timeout(milliseconds(30));
    let error = client.fetch(request).await.unwrap_err();
    assert_eq!(error.to_string(), "Timeout during request");
    script.finish();
}

#[gustnado::test]
async fn a_fetch_that_is_dropped_closes_its_connection_and_gives_its_turn_to_the_next() {
    let script = Script::start(2, |number, mut client| {
        client.take_until(b"\r\n\r\n");
        match number {
            0 => client.expect_end(),
            _ => drop(client.send("HTTP/1.1 204 No Content\r\n\r\n")),
        }
    });
    let client = AsyncHTTPClient::builder().max_clients(1).build();
    let dropped = cancel_after(milliseconds(20), client.fetch(script.url("/"))).await;
    assert!(dropped.is_err());
    assert_eq!(client.idle_connections(), 0);
    assert_eq!(client.fetch(script.url("/")).await.unwrap().code(), 204);
    script.finish();
}

#[gustnado::test]
async fn a_client_that_is_closed_fetches_no_more_but_finishes() {
    let server = server();
    let client = AsyncHTTPClient::new();
    let under_way = gustnado::ioloop::spawn(client.fetch(server.url("/")));
    moment().await;
    client.close();
    assert_eq!(under_way.await.unwrap().unwrap().code(), 200);
    assert_eq!(client.idle_connections(), 0);
    let error = client.clone().fetch(server.url("/")).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::ClientClosed), "{error:?}");
}

#[gustnado::test]
async fn a_connection_that_the_server_closes_at_rest_is_forgotten_at_once() {
    let settings = Settings { idle_connection_timeout: milliseconds(20), ..Settings::default() };
    let server = Server::start(settings, || handler(tell));
    let client = AsyncHTTPClient::new();
    client.fetch(server.url("/")).await.unwrap();
    assert_eq!(client.idle_connections(), 1);
    while client.idle_connections() > 0 {
        gustnado::coroutine::sleep(milliseconds(1)).await;
    }
    client.fetch(server.url("/")).await.unwrap();
}

#[gustnado::test]
async fn a_connection_rests_only_so_long() {
    let server = server();
    let client = AsyncHTTPClient::builder().idle_timeout(milliseconds(20)).build();
    client.fetch(server.url("/")).await.unwrap();
    assert_eq!(client.idle_connections(), 1);
    while client.idle_connections() > 0 {
        gustnado::coroutine::sleep(milliseconds(1)).await;
    }
    eventually("the server sees it", || server.connections() == 0);
}

#[gustnado::test]
async fn beyond_the_limit_the_connection_that_has_rested_longest_is_closed() {
    let servers = [server(), server(), server()];
    let client = AsyncHTTPClient::builder().max_idle_connections(2).build();
    for server in &servers {
        client.fetch(server.url("/")).await.unwrap();
    }
    assert_eq!(client.idle_connections(), 2);
    eventually("the first is closed", || servers[0].connections() == 0);
    assert_eq!((servers[1].connections(), servers[2].connections()), (1, 1));
}

#[gustnado::test]
async fn nobody_listens() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = AsyncHTTPClient::new();
    let error = client.fetch(format!("http://{closed}/")).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::Connect(_)), "{error:?}");
    assert_eq!(error.code(), 599);
}

/// Knows one name.
struct PhoneBook(Rc<Cell<u32>>);

impl Resolver for PhoneBook {
    fn resolve(&self, host: &str, port: u16) -> Frame<io::Result<Vec<SocketAddr>>> {
        self.0.set(self.0.get() + 1);
        let known = match host {
            "here.test" => Ok(vec![([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], port).into()]),
            "nowhere.test" => Ok(Vec::new()),
            "slow.test" => return Frame::new(std::future::pending()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        Frame::new(async { known })
    }
}

#[gustnado::test]
async fn names_are_looked_up_and_every_address_is_tried() {
    let server = server();
    let port = server.address().port();
    let calls = Rc::new(Cell::new(0));
    let client = AsyncHTTPClient::builder().resolver(PhoneBook(calls.clone())).build();
    for _ in 0..3 {
        client.fetch(format!("http://HERE.test:{port}/")).await.unwrap();
    }
    assert_eq!(calls.get(), 1, "a connection that is kept needs no address");
    for (host, kind) in [("other.test", "Resolve"), ("nowhere.test", "Connect")] {
        let error = client.fetch(format!("http://{host}:{port}/")).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(kind), "{error:?}");
    }
    let request = HTTPRequest::new("http://slow.test/").connect_timeout(milliseconds(10));
    let error = client.fetch(request).await.unwrap_err();
    assert_eq!(error.to_string(), "Timeout while resolving");
    let client = AsyncHTTPClient::new();
    client.fetch(format!("http://localhost:{port}/")).await.unwrap();
}

#[gustnado::test]
async fn every_phase_is_timed_in_its_order() {
    let server = server();
    let client = AsyncHTTPClient::new();
    let times = client.fetch(server.url("/")).await.unwrap().time_info();
    assert!(times.queue <= times.namelookup && times.namelookup <= times.connect, "{times:?}");
    assert!(times.connect < times.starttransfer && times.starttransfer <= times.total, "{times:?}");
    let response = client.fetch(server.url("/")).await.unwrap();
    let times = response.time_info();
    assert_eq!(times.queue, times.connect, "the connection was kept");
    assert_eq!(response.request_time(), times.total - times.queue);
}
