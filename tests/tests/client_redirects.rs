//! Where redirects lead, and what goes along.

use gustnado::http::{
    AsyncHTTPClient, Body, HTTPClientError, HTTPRequest, InvalidRequest, Request, Response,
    Settings,
};
use gustnado::{Method, StatusCode};
use gustnado_tests::{Server, Source, answer, handler};

/// `/STATUS?LOCATION` redirects; everything else says what has arrived.
async fn serve(request: Request) -> Response {
    request.read_body(1 << 20).await.unwrap();
    let status = request.path()[1..].parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
    if let (Some(status), Some(location)) = (status, request.query()) {
        return answer(status, "elsewhere").with_header("Location", location).unwrap();
    }
    let mut text = format!("{} {}\n", request.method(), request.target());
    for name in ["authorization", "cookie", "host", "content-type", "content-length", "x-a"] {
        if let Some(value) = request.header(name) {
            text += &format!("{name}: {value}\n");
        }
    }
    answer(StatusCode::OK, text + &String::from_utf8_lossy(request.body()))
}

fn server() -> Server {
    Server::start(Settings::default(), || handler(serve))
}

#[gustnado::test]
async fn the_method_changes_as_in_tornado() {
    let server = server();
    let client = AsyncHTTPClient::new();
    for status in [301, 302, 303, 307, 308] {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE] {
            let expected = match (status, &method) {
                (301 | 302, &Method::POST) => Method::GET,
                (303, method) if *method != Method::HEAD => Method::GET,
                _ => method.clone(),
            };
            let mut request = HTTPRequest::new(server.url(&format!("/{status}?/there")));
            let has_body = matches!(method, Method::POST | Method::PUT);
            if has_body {
                request = request.body("abc").header("Content-Type", "text/x");
            }
            let response = client.fetch(request.method(method.clone())).await.unwrap();
            assert_eq!(response.effective_url(), server.url("/there"), "{status} {method}");
            if method == Method::HEAD {
                assert!(response.body().is_empty());
                continue;
            }
            let text = response.text();
            assert!(text.starts_with(&format!("{expected} /there\n")), "{status} {method}: {text}");
            let kept = has_body && expected == method;
            assert_eq!(text.ends_with("\nabc"), kept, "{status} {method}: {text}");
            assert_eq!(text.contains("content-type: text/x"), kept, "{status} {method}: {text}");
            assert_eq!(text.contains("content-length"), kept, "{status} {method}: {text}");
        }
    }
    assert_eq!((client.idle_connections(), server.connections()), (1, 1));
}

#[gustnado::test]
async fn statuses_that_are_no_redirects_are_responses() {
    let server = server();
    let client = AsyncHTTPClient::new();
    for status in [201, 300, 304, 305, 306] {
        let request = HTTPRequest::new(server.url(&format!("/{status}?/there"))).raise_error(false);
        assert_eq!(client.fetch(request).await.unwrap().code(), status);
    }
    for request in [
        HTTPRequest::new(server.url("/302")).raise_error(false),
        HTTPRequest::new(server.url("/302?/there")).raise_error(false).follow_redirects(false),
    ] {
        let response = client.fetch(request).await.unwrap();
        assert!(response.effective_url().contains("/302"), "{response:?}");
    }
}

#[gustnado::test]
async fn locations_are_resolved() {
    let server = server();
    let client = AsyncHTTPClient::new();
    for (location, target) in [
        ("there", "/there"),
        ("a/../there", "/there"),
        ("/there?b=c", "/there?b=c"),
        ("//HOST/there", "/there"),
        ("http://HOST/there", "/there"),
        ("?y", "/y"),
    ] {
        let location = location.replace("HOST", &server.address().to_string());
        let response = client.fetch(server.url(&format!("/302?{location}"))).await.unwrap();
        assert_eq!(response.effective_url(), server.url(target), "{location}");
    }
}

#[gustnado::test]
async fn a_loop_ends_and_the_last_redirect_is_the_response() {
    let server = server();
    let client = AsyncHTTPClient::new();
    let endless = server.url("/302?");
    let error = client.fetch(HTTPRequest::new(&endless).max_redirects(3)).await.unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), (302, "HTTP 302: Found"));
    let chain = |length: usize| server.url(&format!("{}/there", "/302?".repeat(length)));
    assert_eq!(client.fetch(chain(5)).await.unwrap().effective_url(), server.url("/there"));
    assert_eq!(client.fetch(chain(6)).await.unwrap_err().code(), 302, "five, as in Tornado");
}

/// CVE-2026-49853.
#[gustnado::test]
async fn what_says_who_asks_goes_to_the_same_origin_only() {
    let (first, other) = (server(), server());
    let client = AsyncHTTPClient::new();
    let user = |url: String| url.replacen("http://", "http://me:secret@", 1);
    let request = |location: &str| {
        HTTPRequest::new(user(first.url(&format!("/307?{location}"))))
            .header("Cookie", "a=b")
            .header("X-A", "c")
    };
    let text = client.fetch(request("/there")).await.unwrap().text().into_owned();
    assert!(text.contains("authorization: Basic bWU6c2VjcmV0\ncookie: a=b\n"), "{text}");
    let elsewhere =
        [other.url("/there"), format!("http://localhost:{}/there", first.address().port())];
    for location in &elsewhere {
        let text = client.fetch(request(location)).await.unwrap().text().into_owned();
        assert!(!text.contains("authorization") && !text.contains("cookie"), "{text}");
        assert!(text.contains("x-a: c\n"), "{text}");
        let by_hand = request(location)
            .header("Authorization", "Bearer x")
            .header("Host", first.address().to_string());
        let text = client.fetch(by_hand).await.unwrap().text().into_owned();
        let host = location["http://".len()..].trim_end_matches("/there");
        assert!(!text.contains("authorization"), "{text}");
        assert!(text.contains(&format!("host: {host}\n")), "{text}");
    }
    let with_user = user(other.url("/there"));
    let text = client.fetch(request(&with_user)).await.unwrap().text().into_owned();
    assert!(text.contains("authorization: Basic bWU6c2VjcmV0\n"), "the target's own: {text}");
}

#[gustnado::test]
async fn a_location_that_cannot_be_followed_is_an_error_at_once() {
    let server = server();
    let client = AsyncHTTPClient::new();
    for (location, problem) in [
        ("ftp://a/", InvalidRequest::Scheme),
        ("javascript:alert(1)", InvalidRequest::Scheme),
        ("file:///etc/passwd", InvalidRequest::Scheme),
        ("http:///a", InvalidRequest::Host),
        ("//127.1/", InvalidRequest::Host),
        ("http://a@b@c/", InvalidRequest::URL),
    ] {
        match client.fetch(server.url(&format!("/302?{location}"))).await {
            Err(HTTPClientError::Invalid(found)) => assert_eq!(found, problem, "{location}"),
            other => panic!("{location}: {other:?}"),
        }
    }
}

#[gustnado::test]
async fn a_stream_is_not_sent_twice() {
    let server = server();
    let client = AsyncHTTPClient::new();
    let put = |status: u16| {
        HTTPRequest::put(server.url(&format!("/{status}?/there")))
            .body(Body::stream(Source::new("abc", 3)))
    };
    assert_eq!(client.fetch(put(307)).await.unwrap_err().code(), 307);
    let text = client.fetch(put(303)).await.unwrap().text().into_owned();
    assert!(text.starts_with("GET /there\n"), "{text}");
}

#[gustnado::test]
async fn callbacks_are_shown_the_last_response_only() {
    use std::{cell::RefCell, rc::Rc};
    let server = server();
    let client = AsyncHTTPClient::new();
    let (lines, pieces) = (Rc::<RefCell<String>>::default(), Rc::<RefCell<Vec<u8>>>::default());
    let (heard, seen) = (lines.clone(), pieces.clone());
    let request = HTTPRequest::new(server.url("/302?/there"))
        .header_callback(move |line| heard.borrow_mut().push_str(line))
        .streaming_callback(move |piece| seen.borrow_mut().extend_from_slice(piece));
    let response = client.fetch(request).await.unwrap();
    assert!(response.body().is_empty());
    assert!(pieces.borrow().starts_with(b"GET /there\n"));
    let lines = lines.borrow();
    assert!(lines.starts_with("HTTP/1.1 200 OK\r\n") && lines.ends_with("\r\n\r\n"), "{lines}");
    assert_eq!(lines.matches("HTTP/1.1").count(), 1, "{lines}");
}

#[gustnado::test]
async fn a_redirect_in_a_full_house_gives_its_turn_away_first() {
    let (first, other) = (server(), server());
    let client = AsyncHTTPClient::builder().max_clients(1).build();
    let url = first.url(&format!("/302?{}", other.url("/there")));
    let fetches: Vec<_> = (0..10).map(|_| client.fetch(&url)).collect();
    let responses = gustnado::coroutine::Multi(fetches).await.unwrap();
    assert!(responses.iter().all(|response| response.effective_url() == other.url("/there")));
}
