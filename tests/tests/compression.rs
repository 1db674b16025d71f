//! Responses that are compressed for who takes it.

use flate2::read::GzDecoder;
use gustnado::prelude::*;
use gustnado::{Compression, Streamed};
use gustnado_tests::{Reply, Server};
use std::io::Read;

const LINE: &str = "What goes up must come down. ";

#[route("/text/{count}")]
async fn text(count: usize) -> String {
    LINE.repeat(count)
}

#[route("/bytes")]
async fn bytes() -> Vec<u8> {
    LINE.repeat(100).into_bytes()
}

#[route("/tagged")]
async fn tagged() -> ([(&'static str, &'static str); 2], String) {
    ([("etag", "\"a\""), ("vary", "Cookie")], LINE.repeat(100))
}

#[route("/untouched")]
async fn untouched() -> ([(&'static str, &'static str); 1], String) {
    ([("cache-control", "private, No-Transform")], LINE.repeat(100))
}

#[route("/part")]
async fn part() -> (StatusCode, String) {
    (StatusCode::PARTIAL_CONTENT, LINE.repeat(100))
}

#[route("/stream")]
async fn stream() -> impl gustnado::Respond {
    let pieces = (0..3).map(|number| Ok::<_, Error>(format!("piece {number}\n")));
    ([("content-type", "text/plain")], Streamed(Pieces(pieces)))
}

struct Pieces<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Pieces<I> {
    type Item = I::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<I::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

fn server(compression: Compression) -> Server {
    Server::application(move || {
        let routes = routes![text, bytes, tagged, untouched, part, stream];
        Application::new(routes).compress_response(compression)
    })
}

fn ask(server: &Server, target: &str, headers: &str) -> Reply {
    let mut client = server.connect();
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\r\n") };
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n{headers}\r\n"));
    client.reply()
}

fn unpacked(reply: &Reply) -> String {
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    GzDecoder::new(&*reply.body).read_to_string(&mut text).expect("it is whole");
    text
}

#[test]
fn who_takes_gzip_gets_it_if_it_is_worth_it() {
    let server = server(Compression::default());
    for (accept, expected) in [
        ("gzip", true),
        ("deflate, GZIP;q=0.5", true),
        ("x-gzip", true),
        ("*", true),
        ("br, *;q=0.1", true),
        ("", false),
        ("identity", false),
        ("gzip;q=0", false),
        ("gzip; q=0.000", false),
        ("gzip;q=0, *", false),
        ("br", false),
        ("xgzip", false),
    ] {
        let headers =
            if accept.is_empty() { String::new() } else { format!("Accept-Encoding: {accept}") };
        let reply = ask(&server, "/text/100", &headers);
        assert_eq!(reply.header("vary"), Some("Accept-Encoding"));
        assert_eq!(reply.header("content-encoding").is_some(), expected, "{accept}");
        let text = if expected { unpacked(&reply) } else { reply.text() };
        assert_eq!(text, LINE.repeat(100));
        assert!(!expected || reply.body.len() < 300, "{}", reply.body.len());
    }
    for target in ["/text/10", "/bytes", "/untouched", "/part"] {
        let reply = ask(&server, target, "Accept-Encoding: gzip");
        assert_eq!(reply.header("content-encoding"), None, "{target}");
    }
}

#[test]
fn what_is_long_is_compressed_piece_by_piece() {
    let server = server(Compression::default().level(1));
    let reply = ask(&server, "/text/20000", "Accept-Encoding: gzip");
    assert!(unpacked(&reply) == LINE.repeat(20_000));
    assert_eq!(reply.header("transfer-encoding"), Some("chunked"));
}

#[test]
fn each_piece_of_a_stream_can_be_read_when_it_has_come() {
    let server = server(Compression::default());
    let mut client = server.connect();
    client.send("GET /stream HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    let head = client.head();
    assert_eq!(head.header("content-encoding"), Some("gzip"));
    let mut decoder = flate2::write::GzDecoder::new(Vec::new());
    for number in 0..3 {
        std::io::Write::write_all(&mut decoder, &client.chunk()).unwrap();
        std::io::Write::flush(&mut decoder).unwrap();
        assert!(decoder.get_ref().ends_with(format!("piece {number}\n").as_bytes()));
    }
}

#[test]
fn a_tag_becomes_weak_and_vary_grows() {
    let server = server(Compression::default());
    let reply = ask(&server, "/tagged", "Accept-Encoding: gzip");
    assert_eq!(reply.header("etag"), Some("W/\"a\""));
    let vary: Vec<_> = reply.headers.iter().filter(|header| header.0 == "vary").collect();
    assert_eq!(vary.len(), 2, "{vary:?}");
    assert_eq!(ask(&server, "/tagged", "").header("etag"), Some("\"a\""));
}

/// BREACH: lengths tell nothing to who can only make a browser ask.
#[test]
fn what_comes_from_elsewhere_with_cookies_is_not_compressed() {
    let careful = server(Compression::default());
    let careless = server(Compression::default().even_across_sites());
    for (headers, expected) in [
        ("", true),
        ("Sec-Fetch-Site: cross-site\r\n", true),
        ("Cookie: a=b\r\n", false),
        ("Cookie: a=b\r\nSec-Fetch-Site: cross-site\r\n", false),
        ("Cookie: a=b\r\nSec-Fetch-Site: same-site\r\n", false),
        ("Cookie: a=b\r\nSec-Fetch-Site: same-origin\r\n", true),
        ("Cookie: a=b\r\nSec-Fetch-Site: none\r\n", true),
    ] {
        let headers = format!("{headers}Accept-Encoding: gzip");
        let is_compressed =
            |server| ask(server, "/text/100", &headers).header("content-encoding").is_some();
        assert_eq!(is_compressed(&careful), expected, "{headers}");
        assert!(is_compressed(&careless), "{headers}");
    }
}
