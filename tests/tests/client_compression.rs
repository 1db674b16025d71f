//! Responses that are compressed.

use flate2::Compression;
use flate2::write::GzEncoder;
use gustnado::http::{
    AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse, ResponseViolation, Violation,
};
use gustnado_tests::Script;
use std::io::Write;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn response(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn fetched(
    request: impl Fn(String) -> HTTPRequest,
    answer: Vec<u8>,
) -> Result<HTTPResponse, HTTPClientError> {
    let script = Script::answers(vec![answer]);
    AsyncHTTPClient::new().fetch(request(script.url("/"))).await
}

#[gustnado::test]
async fn what_is_compressed_is_decompressed() {
    let text: Vec<u8> = (0..300_000).map(|at: u32| (at / 7 % 251) as u8).collect();
    for coding in ["gzip", "GZIP", "x-gzip"] {
        let answer = response(&format!("Content-Encoding: {coding}\r\n"), &gzip(&text));
        let response = fetched(HTTPRequest::new, answer).await.unwrap();
        assert!(response.body() == &text[..], "{coding}");
        assert_eq!(response.header("Content-Encoding"), None);
        assert_eq!(response.header("X-Consumed-Content-Encoding"), Some(coding));
    }
    let members = [gzip(b"Hello, "), gzip(b"world")].concat();
    let answer = response("Content-Encoding: gzip\r\n", &members);
    assert_eq!(fetched(HTTPRequest::new, answer).await.unwrap().text(), "Hello, world");
}

#[gustnado::test]
async fn however_it_is_framed_and_cut() {
    let body = gzip(b"Hello, world");
    let close = [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", &body[..]].concat();
    assert_eq!(fetched(HTTPRequest::new, close).await.unwrap().text(), "Hello, world");
    let mut chunked =
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for byte in &body {
        chunked.extend_from_slice(b"1\r\n");
        chunked.push(*byte);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(fetched(HTTPRequest::new, chunked).await.unwrap().text(), "Hello, world");
}

#[gustnado::test]
async fn what_is_not_asked_for_or_not_known_stays_as_it_is() {
    let body = gzip(b"Hello");
    let answer = response("Content-Encoding: gzip\r\n", &body);
    let raw = |url| HTTPRequest::new(url).decompress_response(false);
    let response_ = fetched(raw, answer).await.unwrap();
    assert!(response_.body() == &body[..]);
    assert_eq!(response_.header("content-encoding"), Some("gzip"));
    for coding in ["br", "gzip, br", "identity"] {
        let answer = response(&format!("Content-Encoding: {coding}\r\n"), &body);
        let response_ = fetched(HTTPRequest::new, answer).await.unwrap();
        assert!(response_.body() == &body[..], "{coding}");
        assert_eq!(response_.header("content-encoding"), Some(coding));
    }
    let empty = response("Content-Encoding: gzip\r\n", b"");
    assert!(fetched(HTTPRequest::new, empty).await.unwrap().body().is_empty());
    let head = response("Content-Encoding: gzip\r\n", &body);
    assert!(fetched(HTTPRequest::head, head).await.unwrap().body().is_empty());
}

/// RFC 1952 §2.2: a file is a series of members.
#[gustnado::test]
async fn several_members_are_one_body() {
    let members = [gzip(b"Hello, "), gzip(b""), gzip(b"world")].concat();
    let answer = response("Content-Encoding: gzip\r\n", &members);
    assert_eq!(fetched(HTTPRequest::new, answer).await.unwrap().text(), "Hello, world");
}

#[gustnado::test]
async fn what_is_broken_is_an_error() {
    let whole = gzip(b"Hello, world, and everybody in it");
    let mut wrong_sum = whole.clone();
    let last = wrong_sum.len() - 6;
    wrong_sum[last] ^= 1;
    for body in [
        b"Hello, world".to_vec(),
        whole[..whole.len() - 1].to_vec(),
        whole[..12].to_vec(),
        wrong_sum,
    ] {
        let answer = response("Content-Encoding: gzip\r\n", &body);
        let result = fetched(HTTPRequest::new, answer).await;
        assert!(matches!(result, Err(HTTPClientError::Decompress(_))), "{result:?}");
    }
}

/// CVE-2026-49855: 1 GiB of zeros is a megabyte on the wire.
#[gustnado::test]
async fn a_bomb_is_counted_when_it_goes_off() {
    let bomb = gzip(&vec![0; 30 << 20]);
    assert!(bomb.len() < 40_000);
    let too_large = ResponseViolation::Message(Violation::BodyTooLarge);
    for limit in [100_000, (30 << 20) - 1] {
        let limited = |url| HTTPRequest::new(url).max_body_size(limit);
        let answer = response("Content-Encoding: gzip\r\n", &bomb);
        match fetched(limited, answer).await {
            Err(HTTPClientError::Violation(violation)) => assert_eq!(violation, too_large),
            other => panic!("{other:?}"),
        }
    }
    let exact = |url| HTTPRequest::new(url).max_body_size(30 << 20);
    let answer = response("Content-Encoding: gzip\r\n", &bomb);
    assert_eq!(fetched(exact, answer).await.unwrap().body().len(), 30 << 20);
    let streamed = |url| HTTPRequest::new(url).max_body_size(100_000).streaming_callback(|_| {});
    let answer = response("Content-Encoding: gzip\r\n", &bomb);
    assert!(fetched(streamed, answer).await.is_err());
}
