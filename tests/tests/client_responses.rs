//! What servers send, and what the client makes of it: bodies, broken ones, and those that would choose the next response.

use gustnado::Method;
use gustnado::http::{
    AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse, Limits, ResponseViolation,
    Violation,
};
use gustnado_tests::{Script, milliseconds};

/// What comes of one fetch from a server that answers with these bytes, and closes the connection.
async fn answered(answer: impl AsRef<[u8]>) -> Result<HTTPResponse, HTTPClientError> {
    answered_to(HTTPRequest::new, answer).await
}

async fn answered_to(
    request: impl Fn(String) -> HTTPRequest,
    answer: impl AsRef<[u8]>,
) -> Result<HTTPResponse, HTTPClientError> {
    let script = Script::answers(vec![answer.as_ref().to_vec()]);
    let client = AsyncHTTPClient::new();
    let result = client.fetch(request(script.url("/"))).await;
    script.finish();
    result
}

#[track_caller]
fn violation(result: Result<HTTPResponse, HTTPClientError>) -> ResponseViolation {
    match result {
        Err(HTTPClientError::Violation(violation)) => violation,
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
fn assert_incomplete(result: Result<HTTPResponse, HTTPClientError>) {
    assert!(matches!(result, Err(HTTPClientError::Closed(_))), "{result:?}");
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[gustnado::test]
async fn bodies_end_where_their_heads_say() {
    for (answer, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello, world", "Hello"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHello", ""),
        ("HTTP/1.1 200 OK\r\n\r\nHello until the end", "Hello until the end"),
        ("HTTP/1.0 200 OK\r\n\r\nHello", "Hello"),
        ("HTTP/1.1 200 OK\r\n\r\n", ""),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
        ("HTTP/1.1 204 No Content\r\n\r\nHello", ""),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n", "Hello"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n1;a;b=c;d=\"e\\\"\"\r\nH\r\n04 ; x\r\nello\r\n000;y\r\n\r\n",
            "Hello",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n",
            "Hello",
        ),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello", "Hello"),
        (
            "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\r\nHello",
            "Hello",
        ),
    ] {
        assert_eq!(answered(answer).await.unwrap().text(), body, "{answer:?}");
    }
}

#[gustnado::test]
async fn an_answer_means_the_same_however_it_is_cut() {
    let answer = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n5;x=y\r\nHello\r\n7\r\n, world\r\n0\r\nX-B: c\r\n\r\n";
    let script = Script::start(1, move |_, mut client| {
        client.take_until(b"\r\n\r\n");
        for byte in answer.bytes() {
            client.send([byte]);
        }
    });
    let response = AsyncHTTPClient::new().fetch(script.url("/")).await.unwrap();
    assert_eq!((response.text().as_ref(), response.header("x-a")), ("Hello, world", Some("b")));
    script.finish();
}

#[gustnado::test]
async fn head_and_304_have_no_body_whatever_they_announce() {
    for framing in ["Content-Length: 100", "Transfer-Encoding: chunked", "X-A: b"] {
        let answer = format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n");
        assert!(answered_to(HTTPRequest::head, answer).await.unwrap().body().is_empty());
        let answer = format!("HTTP/1.1 304 Not Modified\r\n{framing}\r\n\r\n");
        let get = |url| HTTPRequest::get(url).raise_error(false);
        assert!(answered_to(get, answer).await.unwrap().body().is_empty());
    }
}

#[gustnado::test]
async fn a_body_that_ends_too_early_is_no_response() {
    for answer in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHell",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\nX-A: b\r\n",
    ] {
        assert_incomplete(answered(answer).await);
    }
}

#[gustnado::test]
async fn a_reset_in_the_middle_of_a_body_is_no_end() {
    for head in ["Content-Length: 100", "Transfer-Encoding: chunked", "X-A: until the end"] {
        let script = Script::start(1, move |_, mut client| {
            client.take_until(b"\r\n\r\n");
            client.send(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nHello\r\n"));
            client.reset();
        });
        let client = AsyncHTTPClient::new();
        assert_incomplete(client.fetch(script.url("/")).await);
        assert_eq!(client.idle_connections(), 0);
        script.finish();
    }
}

#[gustnado::test]
async fn broken_rules_end_the_fetch() {
    let message = ResponseViolation::Message;
    for (answer, expected) in [
        ("SSH-2.0-OpenSSH_9\r\n".to_owned(), ResponseViolation::VersionSyntax),
        ("HTTP/2.0 200 OK\r\n\r\n".into(), ResponseViolation::VersionUnsupported),
        ("HTTP/1.1 2xx OK\r\n\r\n".into(), ResponseViolation::StatusSyntax),
        ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n".into(), message(Violation::FoldedField)),
        ("HTTP/1.1 200 OK\nA: b\n\n".into(), message(Violation::BareLineFeed)),
        (
            "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n".into(),
            message(Violation::SpaceBeforeColon),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n".into(),
            message(Violation::ContentLengthSyntax),
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n".into(),
            ResponseViolation::ContentLengthDiffers,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n".into(),
            ResponseViolation::ContentLengthDiffers,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                .into(),
            message(Violation::ContentLengthWithTransferEncoding),
        ),
        (
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".into(),
            message(Violation::TransferEncodingVersion),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n".into(),
            message(Violation::TransferCodingUnknown),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n".into(),
            message(Violation::ChunkedRepeated),
        ),
        (
            "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nHello".into(),
            ResponseViolation::BodyForbidden,
        ),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n".into(), ResponseViolation::SwitchNotRequested),
        (format!("{CHUNKED}x\r\n"), message(Violation::ChunkSizeSyntax)),
        (format!("{CHUNKED}0x5\r\n"), message(Violation::ChunkSizeSyntax)),
        (format!("{CHUNKED}+5\r\n"), message(Violation::ChunkSizeSyntax)),
        (format!("{CHUNKED}\r\n"), message(Violation::ChunkSizeSyntax)),
        (format!("{CHUNKED}5\nHello"), message(Violation::BareLineFeed)),
        (format!("{CHUNKED}10000000000000000\r\n"), message(Violation::ChunkSizeOverflow)),
        (format!("{CHUNKED}5;=\r\n"), message(Violation::ChunkExtensionSyntax)),
        (format!("{CHUNKED}5;{}\r\n", "a".repeat(300)), message(Violation::ChunkExtensionTooLong)),
        (format!("{CHUNKED}5\r\nHello, world"), message(Violation::ChunkUnterminated)),
        (format!("{CHUNKED}0\r\nContent-Length: 5\r\n\r\n"), message(Violation::TrailerForbidden)),
        (
            format!("{CHUNKED}0\r\nA: {}\r\n\r\n", "b".repeat(9000)),
            message(Violation::TrailersTooLarge),
        ),
        ("HTTP/1.1 100 Continue\r\n\r\n".repeat(100), ResponseViolation::TooManyInterim),
        (
            format!("HTTP/1.1 200 {}\r\n\r\n", "a".repeat(9000)),
            ResponseViolation::StatusLineTooLong,
        ),
        (
            format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "b".repeat(70_000)),
            message(Violation::HeadersTooLarge),
        ),
        (
            format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(101)),
            message(Violation::TooManyHeaders),
        ),
    ] {
        assert_eq!(
            violation(answered(&answer).await),
            expected,
            "{:?}",
            &answer[..answer.len().min(99)]
        );
    }
}

#[gustnado::test]
async fn large_heads_are_read_within_the_limits() {
    let answer = format!(
        "HTTP/1.1 200 OK\r\nA: {}\r\n{}Content-Length: 5\r\n\r\nHello",
        "b".repeat(60_000),
        "C: d\r\n".repeat(90)
    );
    let response = answered(answer).await.unwrap();
    assert_eq!(response.header("a").map(str::len), Some(60_000));
    assert_eq!((response.headers().count(), response.text().as_ref()), (92, "Hello"));
}

#[gustnado::test]
async fn a_body_must_not_be_longer_than_allowed() {
    let too_large = ResponseViolation::Message(Violation::BodyTooLarge);
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\n",
        "HTTP/1.1 200 OK\r\n\r\nabcdef",
    ] {
        let limited = |url| HTTPRequest::new(url).max_body_size(5);
        assert_eq!(violation(answered_to(limited, answer).await), too_large, "{answer:?}");
        let script = Script::answers(vec![answer]);
        let limits = Limits { body: 5, ..Limits::default() };
        let client = AsyncHTTPClient::builder().limits(limits).build();
        assert_eq!(violation(client.fetch(script.url("/")).await), too_large, "{answer:?}");
    }
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nabcde",
    ] {
        let limited = |url| HTTPRequest::new(url).max_body_size(5);
        assert_eq!(answered_to(limited, answer).await.unwrap().text(), "abcde");
    }
}

/// Whatever is left on a connection would be taken for the next response.
#[gustnado::test]
async fn a_connection_on_which_anything_is_left_is_not_used_again() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello, world",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEvil",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\nEvil",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nHello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, CLOSE\r\n\r\nHello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nHello",
        "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nHello",
    ] {
        let script = Script::start(2, move |number, mut client| {
            client.take_until(b"\r\n\r\n");
            match number {
                0 => {
                    client.send(answer).expect_end();
                }
                _ => drop(client.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nGood")),
            }
        });
        let client = AsyncHTTPClient::new();
        client.fetch(script.url("/")).await.unwrap();
        assert_eq!(client.idle_connections(), 0, "{answer:?}");
        assert_eq!(client.fetch(script.url("/")).await.unwrap().text(), "Good", "{answer:?}");
        script.finish();
    }
}

#[gustnado::test]
async fn what_a_server_says_unasked_closes_the_connection() {
    let script = Script::start(2, move |_, mut client| {
        client.take_until(b"\r\n\r\n");
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nGood");
        std::thread::sleep(milliseconds(20));
        client.try_send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEvil").expect_end();
    });
    let client = AsyncHTTPClient::new();
    for _ in 0..2 {
        assert_eq!(client.fetch(script.url("/")).await.unwrap().text(), "Good");
        while client.idle_connections() > 0 {
            gustnado::coroutine::sleep(milliseconds(1)).await;
        }
    }
    script.finish();
}

#[gustnado::test]
async fn an_http_1_0_server_that_keeps_the_connection_says_so() {
    let script = Script::start(1, |_, mut client| {
        for body in ["one", "two"] {
            client.take_until(b"\r\n\r\n");
            client.send(format!(
                "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\n{body}"
            ));
        }
    });
    let client = AsyncHTTPClient::new();
    for body in ["one", "two"] {
        assert_eq!(client.fetch(script.url("/")).await.unwrap().text(), body);
    }
    script.finish();
}

#[gustnado::test]
async fn a_method_is_sent_as_it_is() {
    let script = Script::start(1, |_, mut client| {
        assert!(
            client.take_until(b"\r\n\r\n").starts_with(b"OPTIONS / HTTP/1.1\r\nHost: 127.0.0.1:")
        );
        client.send("HTTP/1.1 200 \r\nAllow: GET\r\nContent-Length: 0\r\n\r\n");
    });
    let request = HTTPRequest::new(script.url("/")).method(Method::OPTIONS);
    let response = AsyncHTTPClient::new().fetch(request).await.unwrap();
    assert_eq!((response.reason(), response.header("ALLOW")), ("OK", Some("GET")));
    script.finish();
}
