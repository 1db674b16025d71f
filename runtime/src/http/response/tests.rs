use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::*;
use crate::http::HTTPDate;

const DATE: &str = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

/// How a response looks on the wire, without its Date, and what is left to send.
fn encode(
    response: Response,
    version: Version,
    head_only: bool,
    keep_alive: bool,
) -> (String, Encoded) {
    let date = DateLine::new(HTTPDate::from_unix(784_111_777));
    let context = Encoding { date: &date, version, head_only, keep_alive };
    let mut out = b"before".to_vec();
    let encoded = response.encode(&context, &mut out);
    let text = String::from_utf8(out).unwrap();
    let text = text.strip_prefix("before").unwrap();
    assert_eq!(text.matches(DATE).count(), 1);
    (text.replace(DATE, ""), encoded)
}

fn get(response: Response) -> String {
    let (text, encoded) = encode(response, Version::HTTP_11, false, true);
    assert!(matches!(encoded.rest, Rest::Nothing));
    assert!(encoded.keep_alive);
    text
}

/// A stream that ends at once; what it yields is none of our business.
struct Ended;

impl Stream for Ended {
    type Item = Result<Bytes, Box<dyn std::error::Error>>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap()
}

#[test]
fn a_plain_text() {
    let response =
        Response::default().with_content_type(ContentType::TEXT).with_body("Hello, world");
    assert_eq!(
        get(response),
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 12\r\n\r\nHello, world"
    );
}

#[test]
fn the_date_follows_the_status_line() {
    let date = DateLine::new(HTTPDate::from_unix(784_111_777));
    let context =
        Encoding { date: &date, version: Version::HTTP_11, head_only: false, keep_alive: true };
    let mut out = Vec::new();
    let _ = Response::default().encode(&context, &mut out);
    let expected = format!("HTTP/1.1 200 OK\r\n{DATE}Content-Length: 0\r\n\r\n");
    assert_eq!(out, expected.as_bytes());
}

#[test]
fn headers_keep_their_order() {
    let response = Response::new(StatusCode::CREATED)
        .with_header("Location", "/7")
        .and_then(|response| response.with_header("X-A", "b"))
        .unwrap()
        .with_body(vec![b'x'; 3]);
    assert_eq!(
        get(response),
        "HTTP/1.1 201 Created\r\nLocation: /7\r\nX-A: b\r\nContent-Length: 3\r\n\r\nxxx"
    );
}

#[test]
fn the_reason_phrase_is_canonical_or_unknown() {
    assert!(get(Response::new(status(404))).starts_with("HTTP/1.1 404 Not Found\r\n"));
    assert!(get(Response::new(status(299))).starts_with("HTTP/1.1 299 Unknown\r\n"));
    assert!(get(Response::new(status(999))).starts_with("HTTP/1.1 999 Unknown\r\n"));
}

#[test]
fn responses_without_a_body_have_no_length_either() {
    for code in [101, 204, 304] {
        for body in [Body::Empty, "x".into(), Body::stream(Ended), Body::sized_stream(3, Ended)] {
            for version in [Version::HTTP_10, Version::HTTP_11] {
                let response =
                    Response::new(status(code)).with_content_type(ContentType::TEXT).with_body(
                        if let Body::Stream(_) = body { Body::stream(Ended) } else { "x".into() },
                    );
                let (text, encoded) = encode(response, version, false, true);
                assert!(text.ends_with("\r\n\r\n"), "{text}");
                assert!(!text.contains("Content-"), "{text}");
                assert!(!text.contains("Transfer-"), "{text}");
                assert!(matches!(encoded.rest, Rest::Nothing));
                assert!(encoded.keep_alive);
            }
        }
    }
}

#[test]
fn reset_content_is_empty() {
    let response = Response::new(status(205)).with_body("x");
    assert_eq!(get(response), "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n");
}

#[test]
fn an_interim_status_is_no_response() {
    for code in [100, 102, 103, 199] {
        let response = Response::new(status(code)).with_body("x");
        assert_eq!(
            get(response),
            "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
        );
    }
}

#[test]
fn an_upgrade_says_so_in_connection() {
    let response = |code| Response::new(status(code)).with_header("Upgrade", "websocket").unwrap();
    assert_eq!(
        get(response(101)),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    );
    assert!(get(response(426)).contains("\r\nConnection: Upgrade\r\n"));
    let (text, _) = encode(response(426), Version::HTTP_11, false, false);
    assert!(text.contains("\r\nConnection: Upgrade, close\r\n"), "{text}");
}

#[test]
fn head_gets_the_head_of_get() {
    for body in [|| Body::from("Hello"), || Body::sized_stream(5, Ended), || Body::stream(Ended)] {
        let response =
            || Response::default().with_content_type(ContentType::TEXT).with_body(body());
        let (get, _) = encode(response(), Version::HTTP_11, false, true);
        let (head, encoded) = encode(response(), Version::HTTP_11, true, true);
        assert_eq!(head, get.strip_suffix("Hello").unwrap_or(&get));
        assert!(matches!(encoded.rest, Rest::Nothing));
    }
}

#[test]
fn a_stream_of_known_length_is_not_chunked() {
    for version in [Version::HTTP_10, Version::HTTP_11] {
        let response = Response::default().with_body(Body::sized_stream(7, Ended));
        let (text, encoded) = encode(response, version, false, true);
        assert!(text.ends_with("Content-Length: 7\r\n\r\n"), "{text}");
        assert!(matches!(encoded.rest, Rest::Sized(_, 7)));
        assert!(encoded.keep_alive);
    }
}

#[test]
fn a_stream_of_unknown_length_is_chunked_for_1_1_and_ends_a_1_0_connection() {
    let response = || Response::default().with_body(Body::stream(Ended));
    let (text, encoded) = encode(response(), Version::HTTP_11, false, true);
    assert_eq!(text, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert!(matches!(encoded.rest, Rest::Chunked(_)));
    assert!(encoded.keep_alive);

    let (text, encoded) = encode(response(), Version::HTTP_10, false, true);
    assert_eq!(text, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    assert!(matches!(encoded.rest, Rest::UntilClose(_)));
    assert!(!encoded.keep_alive);
}

#[test]
fn connection_is_written_when_it_differs_from_the_default() {
    for (version, keep_alive, expected) in [
        (Version::HTTP_11, true, ""),
        (Version::HTTP_11, false, "Connection: close\r\n"),
        (Version::HTTP_10, true, "Connection: keep-alive\r\n"),
        (Version::HTTP_10, false, "Connection: close\r\n"),
    ] {
        let (text, encoded) = encode(Response::default(), version, false, keep_alive);
        assert_eq!(text, format!("HTTP/1.1 200 OK\r\n{expected}Content-Length: 0\r\n\r\n"));
        assert_eq!(encoded.keep_alive, keep_alive);
    }
}

#[test]
fn a_large_body_is_handed_back_instead_of_copied() {
    for (length, copied) in [(INLINE, true), (INLINE + 1, false)] {
        let (text, encoded) = encode(
            Response::default().with_body(vec![b'x'; length]),
            Version::HTTP_11,
            false,
            true,
        );
        assert!(text.contains(&format!("Content-Length: {length}\r\n\r\n")));
        assert_eq!(text.ends_with('x'), copied);
        match encoded.rest {
            Rest::Whole(bytes) => assert_eq!(bytes.len(), length),
            rest => assert!(copied && matches!(rest, Rest::Nothing)),
        }
    }
}

#[test]
fn the_room_reserved_is_enough_for_the_longest_head() {
    let date = DateLine::new(HTTPDate::from_unix(0));
    let context =
        Encoding { date: &date, version: Version::HTTP_10, head_only: false, keep_alive: true };
    for code in 101..=999 {
        let mut out = Vec::new();
        let body = Body::sized_stream(u64::MAX, Ended);
        let response =
            Response::new(status(code)).with_content_type(ContentType::TEXT).with_body(body);
        let content_type = ContentType::TEXT.as_bytes().len();
        let _ = response.encode(&context, &mut out);
        assert!(out.len() <= HEAD + content_type, "{code}: {}", out.len());
    }
}
