//! When a connection is kept, what is said about it, and HEAD.

use gustnado::StatusCode;
use gustnado::http::{HTTPDate, Response, Settings};
use gustnado_tests::{Server, answer, echo, handler, milliseconds};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

fn server() -> Server {
    Server::start(Settings::default(), || echo(&Arc::default()))
}

#[test]
fn http_1_1_keeps_a_connection_and_says_nothing_about_it() {
    let server = server();
    let mut client = server.connect();
    for _ in 0..3 {
        let reply = client.get("/a");
        assert_eq!(reply.status_line, "HTTP/1.1 200 OK");
        assert_eq!(reply.header("connection"), None);
        assert_eq!(reply.text(), "GET /a ");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn http_1_1_closes_a_connection_when_asked() {
    let server = server();
    for connection in
        ["close", "Close", "close, x", "x,close", "foo ,\tCLOSE , bar", "keep-alive, close"]
    {
        let mut client = server.connect();
        client.send(format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: {connection}\r\n\r\n"));
        let reply = client.reply();
        assert_eq!(reply.status(), 200, "{connection}");
        assert_eq!(reply.header("connection"), Some("close"), "{connection}");
        client.expect_end();
    }
}

#[test]
fn connection_is_a_list_over_several_lines_too() {
    let server = server();
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n");
    assert_eq!(client.reply().header("connection"), Some("close"));
    client.expect_end();
}

#[test]
fn other_options_of_connection_change_nothing() {
    let server = server();
    let mut client = server.connect();
    for connection in ["closed", "x-close", "keep-alive", "", ",", "clos e", "\"close\""] {
        client.send(format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: {connection}\r\n\r\n"));
        assert_eq!(client.reply().header("connection"), None, "{connection}");
    }
}

#[test]
fn http_1_0_closes_a_connection() {
    let server = server();
    for request in [
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: x\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
    ] {
        let mut client = server.connect();
        let reply = client.send(request).reply();
        assert_eq!(reply.status_line, "HTTP/1.1 200 OK", "{request}");
        assert_eq!(reply.header("connection"), Some("close"), "{request}");
        client.expect_end();
    }
}

#[test]
fn http_1_0_keeps_a_connection_when_asked_and_says_so() {
    let server = server();
    let mut client = server.connect();
    for connection in ["keep-alive", "Keep-Alive", "x, keep-alive"] {
        client.send(format!("GET / HTTP/1.0\r\nConnection: {connection}\r\n\r\n"));
        assert_eq!(client.reply().header("connection"), Some("keep-alive"), "{connection}");
    }
}

#[test]
fn a_later_minor_version_is_answered_as_http_1_1() {
    let server = server();
    let mut client = server.connect();
    let reply = client.send("GET / HTTP/1.2\r\nHost: a\r\n\r\n").reply();
    assert_eq!(reply.status_line, "HTTP/1.1 200 OK");
    assert_eq!(reply.header("connection"), None);
}

#[test]
fn no_keep_alive_closes_every_connection() {
    let settings = Settings { no_keep_alive: true, ..Settings::default() };
    let server = Server::start(settings, || echo(&Arc::default()));
    let mut client = server.connect();
    let reply = client.get("/");
    assert_eq!(reply.header("connection"), Some("close"));
    client.expect_end();
}

#[test]
fn every_response_has_the_date_of_now() {
    let server = server();
    let mut client = server.connect();
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "x\r\n\r\n",
    ] {
        let before = SystemTime::now();
        let reply = client.send(request).reply();
        let date = HTTPDate::parse(reply.header("date").unwrap(), before).unwrap();
        let date = SystemTime::from(date);
        // A date has whole seconds, and is read once a turn.
        assert!(date + Duration::from_secs(2) > before && date <= SystemTime::now(), "{reply:?}");
    }
}

#[test]
fn head_is_answered_as_get_without_the_body() {
    let server = server();
    let mut client = server.connect();
    for _ in 0..2 {
        client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
        let head = client.head();
        assert_eq!((head.status(), head.header("content-length")), (200, Some("8")));
        assert_eq!(client.reply().text(), "GET /b ");
    }
}

#[test]
fn statuses_without_a_body_have_no_length_either() {
    let server = Server::start(Settings::default(), || {
        handler(|request| async move {
            let status = request.path()[1..].parse().unwrap();
            answer(StatusCode::from_u16(status).unwrap(), "not to be seen")
        })
    });
    let mut client = server.connect();
    for status in [204, 304] {
        let reply = client.get(&format!("/{status}"));
        assert_eq!((reply.status(), reply.text()), (status, String::new()));
    }
    // A 1xx is no answer.
    assert_eq!(client.get("/103").status(), 500);
    assert_eq!(client.get("/200").text(), "not to be seen");
}

#[test]
fn a_connection_that_says_nothing_is_left_alone_and_not_logged() {
    let server = server();
    let silent = server.connect();
    let mut ended = server.connect();
    ended.end().expect_end();
    let mut client = server.connect();
    assert_eq!(client.get("/").status(), 200);
    assert_eq!(server.connections(), 2);
    drop(silent);
    drop(client);
    gustnado_tests::eventually("everybody has left", || server.connections() == 0);
    assert_eq!(server.log().take(), [""; 0]);
}

#[test]
fn empty_lines_between_requests_are_ignored() {
    let server = server();
    let mut client = server.connect();
    client.send("\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n\r\n");
    assert_eq!(client.reply().text(), "GET /a ");
    // Alone, they are no beginning of a request.
    client.expect_silence(milliseconds(20));
    client.send("\r\n");
    client.expect_silence(milliseconds(20));
    client.send("\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.reply().text(), "GET /b ");
}

#[test]
fn an_absolute_target_names_the_host() {
    let server = Server::start(Settings::default(), || {
        handler(|request| async move {
            let said = format!("{} {} {:?}", request.host(), request.path(), request.query());
            Response::new(StatusCode::OK).with_body(said)
        })
    });
    let mut client = server.connect();
    for (target, said) in [
        ("/a?b=%ff", r#"test /a Some("b=%ff")"#),
        ("http://other:81/a?b", r#"other:81 /a Some("b")"#),
        ("HTTP://other", "other / None"),
        ("http://other?", r#"other / Some("")"#),
    ] {
        assert_eq!(client.get(target).text(), said, "{target}");
    }
    client.send("OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.reply().text(), "test * None");
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(client.reply().text(), " / None");
}

#[test]
fn an_unknown_method_is_the_services_to_refuse() {
    let server = server();
    let mut client = server.connect();
    client.send("FOO /a HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.reply().text(), "FOO /a ");
}
