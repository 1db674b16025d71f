//! Forms, and cookies, as a browser would send them.

use gustnado::StatusCode;
use gustnado::http::{
    AsyncHTTPClient, Body, HTTPClientError, HTTPRequest, InvalidRequest, Multipart, Request,
    Response, Settings,
};
use gustnado::prelude::Form;
use gustnado::{Application, routes};
use gustnado_tests::{Server, Source, answer, handler};
use std::collections::HashMap;

#[gustnado::post("/form")]
async fn form(Form(fields): Form<HashMap<String, String>>) -> String {
    let mut fields: Vec<_> =
        fields.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    fields.sort();
    fields.join("|")
}

#[gustnado::test]
async fn a_form_arrives_as_it_was_filled_in() {
    let server = Server::application(|| Application::new(routes![form]));
    let client = AsyncHTTPClient::new();
    let fields = [("name", "J\u{fc}rgen & Co"), ("a=b", "100% + x"), ("empty", "")];
    let request = HTTPRequest::post(server.url("/form")).form(&fields);
    let response = client.fetch(request).await.unwrap();
    assert_eq!(response.text(), "a=b=100% + x|empty=|name=J\u{fc}rgen & Co");
    let request = HTTPRequest::post(server.url("/form")).form("no fields");
    match client.fetch(request).await {
        Err(HTTPClientError::Invalid(InvalidRequest::Value(_))) => {}
        other => panic!("{other:?}"),
    }
}

/// Sets the cookie that the query asks for, and says which have come.
async fn cookies(request: Request) -> Response {
    request.read_body(1 << 20).await.unwrap();
    let text = format!(
        "{} {}",
        request.header("cookie").unwrap_or("none"),
        request.header("content-type").unwrap_or("none")
    );
    let mut response = answer(StatusCode::OK, text);
    if request.path() == "/redirect" {
        response = answer(StatusCode::FOUND, "").with_header("Location", "/there").unwrap();
    }
    for cookie in request.query().unwrap_or_default().split('&').filter(|cookie| !cookie.is_empty())
    {
        response.headers_mut().append("Set-Cookie", cookie.replace('+', "; ")).unwrap();
    }
    response
}

#[gustnado::test]
async fn files_are_sent_with_their_names() {
    let server = Server::start(Settings::default(), || {
        handler(|request: Request| async move {
            request.read_body(1000).await.unwrap();
            let of = request.header("content-type").unwrap().to_owned();
            let boundary = of.strip_prefix("multipart/form-data; boundary=").unwrap();
            let body = String::from_utf8(request.body().to_vec()).unwrap();
            assert!(body.ends_with(&format!("\r\n--{boundary}--\r\n")));
            answer(StatusCode::OK, body.replace(boundary, "B"))
        })
    });
    let form = Multipart::new().text("a", "b").file("f", "x.txt", "text/plain", "content");
    let request = HTTPRequest::post(server.url("/")).multipart(form);
    let text = AsyncHTTPClient::new().fetch(request).await.unwrap().text().into_owned();
    assert!(
        text.contains(
            "name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\ncontent\r\n"
        )
    );
}

#[gustnado::test]
async fn a_file_may_be_produced_while_it_is_sent() {
    let server = Server::start(Settings::default(), || {
        handler(|request: Request| async move {
            request.read_body(1000).await.unwrap();
            let length = request.header("content-length").unwrap_or("chunked").to_owned();
            let body = String::from_utf8(request.body().to_vec()).unwrap();
            let (_, files) = body.split_once("name=\"f\"").unwrap();
            let (_, files) = files.split_once("\r\n\r\n").unwrap();
            answer(StatusCode::OK, format!("{length} {} {files}", body.len()))
        })
    });
    for (body, sized) in [
        (Body::stream(Source::new("abc", 3)), false),
        (Body::sized_stream(9, Source::new("abc", 3)), true),
        (Body::from("abcabcabc"), true),
    ] {
        let form = Multipart::new()
            .text("a", "b")
            .streamed_file("f", "x", "text/plain", body)
            .text("c", "d");
        let request = HTTPRequest::post(server.url("/")).multipart(form);
        let text = AsyncHTTPClient::new().fetch(request).await.unwrap().text().into_owned();
        let [announced, length, rest] = text.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("{text}")
        };
        assert_eq!(announced, if sized { length } else { "chunked" }, "{text}");
        assert!(rest.starts_with("abcabcabc\r\n--gustnado-"), "{text}");
        assert!(rest.contains("name=\"c\"\r\n\r\nd\r\n--gustnado-"), "{text}");
    }
}

#[gustnado::test]
async fn cookies_are_kept_only_by_who_wants_them() {
    let server = Server::start(Settings::default(), || handler(cookies));
    let plain = AsyncHTTPClient::new();
    plain.fetch(server.url("/?a=1")).await.unwrap();
    assert_eq!(plain.fetch(server.url("/")).await.unwrap().text(), "none none");

    let client = AsyncHTTPClient::builder().cookies(true).build();
    client.fetch(server.url("/?a=1&b=2+Path=/b&c=3")).await.unwrap();
    assert_eq!(client.fetch(server.url("/")).await.unwrap().text(), "a=1; c=3 none");
    assert_eq!(client.fetch(server.url("/b")).await.unwrap().text(), "b=2; a=1; c=3 none");
    let own = HTTPRequest::new(server.url("/")).header("Cookie", "own=0");
    assert_eq!(client.fetch(own).await.unwrap().text(), "own=0 none");
    let elsewhere = format!("http://localhost:{}/", server.address().port());
    assert_eq!(client.fetch(elsewhere).await.unwrap().text(), "none none");
    client.fetch(server.url("/?a=+Max-Age=0")).await.unwrap();
    let response = client.fetch(server.url("/redirect?d=4+Path=/")).await.unwrap();
    assert_eq!(response.text(), "c=3; d=4 none", "also those that a redirect sets");
    assert_eq!(client.clone().fetch(server.url("/")).await.unwrap().text(), "c=3; d=4 none");
}
