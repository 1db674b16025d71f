use std::collections::BTreeMap;
use std::task::{self, Poll, Waker};

use futures_core::Stream;

use super::*;
use crate::web::testing::{context, get, request, text};

fn respond(response: impl Respond) -> Response {
    response.respond(&context(get("/")))
}

fn content_type(response: &Response) -> Option<&str> {
    let value = response.headers().value("content-type")?;
    Some(std::str::from_utf8(value).unwrap())
}

#[test]
fn text_is_plain_utf8() {
    for response in [respond("a"), respond(String::from("a")), respond(Cow::Borrowed("a"))] {
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(content_type(&response), Some("text/plain; charset=utf-8"));
        assert_eq!(text(&response), "a");
    }
}

#[test]
fn static_text_is_not_copied() {
    assert!(matches!(respond("a").body(), Body::Static(b"a")));
    assert!(matches!(respond(b"a").body(), Body::Static(b"a")));
    assert!(matches!(respond(Html("a")).body(), Body::Static(b"a")));
}

#[test]
fn bytes_are_octets() {
    for response in [respond(b"a"), respond(b"a".to_vec()), respond(Bytes::from_static(b"a"))] {
        assert_eq!(content_type(&response), Some("application/octet-stream"));
        assert_eq!(text(&response), "a");
    }
}

#[test]
fn html_and_json_say_what_they_are() {
    let response = respond(Html("<p>"));
    assert_eq!(content_type(&response), Some("text/html; charset=utf-8"));
    let response = respond(Json(["a", "b"]));
    assert_eq!(content_type(&response), Some("application/json"));
    assert_eq!(text(&response), r#"["a","b"]"#);
}

#[test]
fn what_json_cannot_say_is_a_500() {
    let response = respond(Json(BTreeMap::from([([1, 2], "key")])));
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text(&response), "500: Internal Server Error\n");
}

#[test]
fn a_status_and_nothing_have_no_body() {
    assert!(respond(StatusCode::ACCEPTED).body().is_empty());
    assert_eq!(respond(StatusCode::ACCEPTED).status(), StatusCode::ACCEPTED);
    assert!(respond(()).body().is_empty());
    assert_eq!(respond(()).status(), StatusCode::OK);
    assert_eq!(content_type(&respond(())), None);
}

#[test]
fn none_is_a_404() {
    assert_eq!(respond(Some("a")).status(), StatusCode::OK);
    assert_eq!(respond(None::<&str>).status(), StatusCode::NOT_FOUND);
}

#[test]
fn a_pair_sets_the_status_or_headers() {
    let response = respond((StatusCode::CREATED, "a"));
    assert_eq!((response.status(), text(&response)), (StatusCode::CREATED, "a"));
    let headers = [("content-type", "text/csv"), ("x-a", "1")];
    let response = respond((StatusCode::CREATED, headers, "a"));
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(content_type(&response), Some("text/csv"));
    assert_eq!(response.headers().value("x-a"), Some(&b"1"[..]));
    let response = respond((vec![(String::from("X-A"), String::from("2"))], headers_of("x-a")));
    assert_eq!(
        response.headers().iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-a")).count(),
        1
    );
}

fn headers_of(name: &'static str) -> impl Respond {
    ([(name, "1")], "a")
}

#[test]
fn a_header_given_twice_is_sent_twice() {
    let response = respond(([("set-cookie", "a=1"), ("Set-Cookie", "b=2")], "a"));
    let cookies =
        response.headers().iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    assert_eq!(cookies.count(), 2);
}

#[test]
fn a_header_that_cannot_be_sent_is_a_500() {
    let response = respond(([("x-a", "1\r\nx-b: 2")], "a"));
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.headers().value("x-b"), None);
}

#[test]
fn an_error_shows_its_status_and_reason_only() {
    let failed: Result<&str, std::fmt::Error> = Err(std::fmt::Error);
    let response = respond(failed);
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text(&response), "500: Internal Server Error\n");
    let error =
        HTTPError::new(StatusCode::FORBIDDEN).with_reason("not <you>").with_log_message("secret");
    let response = respond(Error::from(error.clone()).context("secret"));
    assert_eq!((response.status(), text(&response)), (StatusCode::FORBIDDEN, "403: not <you>\n"));
    let response = respond(Error::from(error).with_status(StatusCode::NOT_FOUND));
    assert_eq!(text(&response), "404: Not Found\n");
}

#[test]
fn error_pages_follow_the_accept_header_and_are_escaped() {
    let page = |accept| {
        let request = request("GET", "/", &[("Accept", accept)], b"");
        HTTPError::new(StatusCode::NOT_FOUND).with_reason("<\"x\">").respond(&context(request))
    };
    let response = page("text/html");
    assert_eq!(content_type(&response), Some("text/html; charset=utf-8"));
    assert!(text(&response).contains("<title>404: &lt;&quot;x&quot;&gt;</title>"));
    let response = page("application/json");
    assert_eq!(content_type(&response), Some("application/json"));
    assert_eq!(text(&response), r#"{"reason":"<\"x\">","status":404}"#);
}

#[test]
fn redirects_stay_on_the_site() {
    let location = |redirect: Redirect| {
        let response = respond(redirect);
        let value = response.headers().value("location").map(<[u8]>::to_vec);
        (response.status().as_u16(), value.map(|value| String::from_utf8(value).unwrap()))
    };
    assert_eq!(location(Redirect::to("/a?b=c#d")), (303, Some("/a?b=c#d".into())));
    assert_eq!(location(Redirect::to("/").permanent()).0, 308);
    assert_eq!(location(Redirect::to("/").temporary()).0, 307);
    assert_eq!(location(Redirect::to("/").moved()).0, 301);
    assert_eq!(location(Redirect::to("/").found()).0, 302);
    assert_eq!(location(Redirect::to("/caf\u{e9} x")).1.as_deref(), Some("/caf%C3%A9%20x"));
    for target in [
        "",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/a\r\nx: y",
        "https://evil.example",
        "javascript:alert(1)",
        "evil",
        "?next",
        " /a",
        "/\u{85}a",
    ] {
        assert_eq!(location(Redirect::to(target)), (400, None), "{target:?}");
    }
}

#[test]
fn leaving_the_site_is_said_in_so_many_words() {
    let status = |url| respond(Redirect::external(url)).status().as_u16();
    assert_eq!(status("https://example.com/a"), 303);
    assert_eq!(status("HTTP://example.com"), 303);
    for url in ["javascript://x/%0aalert(1)", "/a", "https:/x", "https://x\n"] {
        assert_eq!(status(url), 400, "{url:?}");
    }
}

#[test]
fn a_stream_is_sent_piece_by_piece() {
    struct Pieces(Vec<Result<&'static str, std::fmt::Error>>);
    impl Stream for Pieces {
        type Item = Result<&'static str, std::fmt::Error>;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut task::Context<'_>,
        ) -> Poll<Option<Self::Item>> {
            Poll::Ready(self.0.pop())
        }
    }
    let response = respond(Streamed(Pieces(vec![Err(std::fmt::Error), Ok("b"), Ok("a")])));
    assert_eq!(content_type(&response), Some("application/octet-stream"));
    let Body::Stream(mut stream) = response.into_body() else { panic!("not a stream") };
    let mut next =
        || std::pin::Pin::new(&mut stream).poll_next(&mut task::Context::from_waker(Waker::noop()));
    assert!(matches!(next(), Poll::Ready(Some(Ok(piece))) if piece == "a"));
    assert!(matches!(next(), Poll::Ready(Some(Ok(piece))) if piece == "b"));
    assert!(matches!(next(), Poll::Ready(Some(Err(_)))));
    assert!(matches!(next(), Poll::Ready(None)));
}
