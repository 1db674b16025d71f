//! What Tornado's history teaches about applications: rows of its golden table and of its advisories that are not rules of the
//! protocol, which `violations` has.

use gustnado::http::{Headers, Response};
use gustnado::{Application, Form, HTTPError, Query, Redirect, Result, StatusCode, routes};
use gustnado_tests::Server;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[gustnado::route("/")]
async fn index() -> &'static str {
    "Hello, world"
}

#[gustnado::route("/body", method = POST, max_body_size = 20)]
async fn body(text: &str, calls: &Arc<AtomicUsize>) -> String {
    calls.fetch_add(1, Ordering::Relaxed);
    text.to_owned()
}

fn server() -> (Server, Arc<AtomicUsize>) {
    let calls = Arc::<AtomicUsize>::default();
    let counter = calls.clone();
    let server = Server::application(move || {
        Application::new(routes![index, body, reason, go, query, form]).provide(counter)
    });
    (server, calls)
}

#[test]
fn an_unknown_method_is_a_405_that_says_which_are_allowed() {
    let (server, _) = server();
    let mut client = server.connect();
    for (method, target, status, allow) in [
        ("FOO", "/", 405, Some("GET, HEAD, OPTIONS")),
        ("get", "/", 405, Some("GET, HEAD, OPTIONS")),
        ("DELETE", "/body", 405, Some("OPTIONS, POST")),
        ("OPTIONS", "/", 204, Some("GET, HEAD, OPTIONS")),
        ("FOO", "/none", 404, None),
    ] {
        let reply = client.send(format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n")).reply();
        let mut allowed: Vec<&str> =
            reply.header("allow").unwrap_or_default().split(", ").collect();
        allowed.sort_unstable();
        assert_eq!(
            (reply.status(), allowed.join(", ").as_str()),
            (status, allow.unwrap_or_default()),
            "{method}"
        );
    }
}

#[test]
fn a_query_that_nobody_reads_may_be_nonsense() {
    let (server, _) = server();
    let mut client = server.connect();
    for query in ["?a=%ff", "?%", "?%zz=%", "?&&==&", "??"] {
        assert_eq!(client.get(&format!("/{query}")).text(), "Hello, world", "{query}");
    }
}

#[gustnado::route("/reason")]
async fn reason() -> Result<String> {
    Err(HTTPError::new(StatusCode::BAD_REQUEST).with_reason("<b>\r\nX-Injected: yes").into())
}

#[test]
fn a_reason_gets_neither_into_the_status_line_nor_unescaped_into_a_page() {
    let (server, _) = server();
    let mut client = server.connect();
    client.send("GET /reason HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
    let reply = client.reply();
    assert_eq!(reply.status_line, "HTTP/1.1 400 Bad Request");
    assert_eq!(reply.header("x-injected"), None);
    assert!(
        !reply.text().contains("<b>") && reply.text().contains("&lt;b&gt;"),
        "{}",
        reply.text()
    );
    assert_eq!(client.get("/").status(), 200);
}

#[test]
fn a_header_with_a_line_end_is_refused_where_it_is_set() {
    for value in ["a\r\nX: y", "a\nX: y", "a\rX: y", "a\0", "\r\n"] {
        assert!(Response::new(StatusCode::OK).with_header("X", value).is_err(), "{value:?}");
        assert!(Headers::default().append("X", value).is_err(), "{value:?}");
    }
    for name in ["X\r\nY", "X:", "X Y", "", "X\n", "\u{fc}"] {
        assert!(Response::new(StatusCode::OK).with_header(name, "a").is_err(), "{name:?}");
    }
}

#[gustnado::route("/go/{target...}")]
async fn go(target: String) -> Redirect {
    Redirect::to(format!("/{target}"))
}

#[test]
fn a_redirect_out_of_a_path_stays_on_the_site() {
    let (server, _) = server();
    let mut client = server.connect();
    assert_eq!(client.get("/go/there?a").header("location"), Some("/there"));
    for target in
        ["/evil.test", "%2fevil.test", "%5cevil.test", "%09/evil.test", "%0d%0aX: y", "%2f%2fevil"]
    {
        let reply = client.get(&format!("/go/{target}").replace(' ', "%20"));
        let location = reply.header("location").unwrap_or_default();
        let leaves = location.starts_with("//") || location.contains(['\\', '\t', '\r', '\n']);
        assert!(!leaves && reply.header("x").is_none(), "{target}: {reply:?}");
    }
}

#[gustnado::route("/query")]
async fn query(Query(query): Query<HashMap<String, String>>) -> String {
    query.len().to_string()
}

#[gustnado::route("/form", method = POST)]
async fn form(Form(form): Form<HashMap<String, String>>) -> String {
    form.len().to_string()
}

#[test]
fn a_query_and_a_form_have_a_thousand_arguments_at_most() {
    let (server, _) = server();
    let mut client = server.connect();
    for (count, status) in [(1000, 200), (1001, 400)] {
        let arguments: Vec<String> = (0..count).map(|number| format!("{number}=")).collect();
        let arguments = arguments.join("&");
        let reply = client.get(&format!("/query?{arguments}"));
        assert_eq!(reply.status(), status, "{count} in a query");
        client.send(format!(
            "POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{arguments}",
            arguments.len()
        ));
        assert_eq!(client.reply().status(), status, "{count} in a form");
    }
}

#[test]
fn a_malformed_or_oversized_body_never_reaches_a_route() {
    let (server, calls) = server();
    for (framing, sent, status_line) in [
        ("Content-Length: 21", "", "HTTP/1.1 413 Payload Too Large"),
        ("Transfer-Encoding: chunked", "15\r\n", "HTTP/1.1 413 Payload Too Large"),
        ("Transfer-Encoding: chunked", "+5\r\nHello\r\n0\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        ("Transfer-Encoding: chunked", "5\r\nHello0\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        ("Transfer-Encoding: chunked", "0\r\nHost: b\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        (
            "Transfer-Encoding: chunked",
            &format!("0\r\nX: {}\r\n\r\n", "y".repeat(10_000)),
            "HTTP/1.1 431 Request Header Fields Too Large",
        ),
    ] {
        let mut client = server.connect();
        client.send(format!("POST /body HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{sent}"));
        let reply = client.reply();
        assert_eq!(reply.status_line, status_line, "{framing} {sent}");
        assert_eq!(reply.header("connection"), Some("close"), "{framing} {sent}");
        client.try_send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").end().expect_end();
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    let mut client = server.connect();
    client.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nHello");
    assert_eq!((client.reply().text().as_str(), calls.load(Ordering::Relaxed)), ("Hello", 1));
}

#[test]
fn a_chunked_request_to_nowhere_is_a_404() {
    let (server, _) = server();
    for body in ["0\r\n\r\n", "5\r\nHello\r\n0\r\n\r\n", ""] {
        let mut client = server.connect();
        client.send(format!(
            "POST /none HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
        ));
        let reply = client.reply();
        let close = body.is_empty().then_some("close");
        assert_eq!((reply.status(), reply.header("connection")), (404, close));
    }
}
