//! Requests that other sites have made a browser send: what is refused, and what is not.

use gustnado::prelude::*;
use gustnado::{CookieSecret, Xsrf};
use gustnado_tests::{Reply, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const SECRET: &str = "It's a secret to everybody";

#[route("/form")]
async fn form(cx: &Context) -> Result<Html<String>> {
    Ok(Html(format!("{}\n{}", cx.xsrf_form_html()?, cx.xsrf_token()?)))
}

#[route("/post", method = POST)]
async fn post(calls: &Arc<AtomicUsize>) -> String {
    calls.fetch_add(1, Ordering::Relaxed);
    "posted".into()
}

#[route("/upload", method = PUT)]
async fn upload(mut body: BodyStream) -> Result<String> {
    let mut count = 0;
    while let Some(piece) = body.next().await {
        count += piece?.len();
    }
    Ok(count.to_string())
}

#[route("/hooks/{name}", method = POST)]
async fn hook(name: String) -> String {
    name
}

fn application() -> Application {
    Application::new(routes![form, post, upload, hook]).provide(Arc::<AtomicUsize>::default())
}

fn server(xsrf: Xsrf) -> Server {
    Server::application(move || application().cookie_secret(SECRET).xsrf(xsrf))
}

fn ask(server: &Server, head: &str, body: &str) -> Reply {
    let length = body.len();
    let mut client = server.connect();
    client.send(format!("{head}\r\nHost: a.test:8888\r\nContent-Length: {length}\r\n\r\n{body}"));
    client.reply()
}

/// The cookie, and two renderings of its token.
fn tokens(server: &Server) -> (String, [String; 2]) {
    let reply = server.connect().get("/form");
    let cookie = reply.header("set-cookie").unwrap().split("; ").next().unwrap().to_owned();
    let page = reply.text();
    let field = page.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    (cookie, [field.to_owned(), page.lines().last().unwrap().to_owned()])
}

const FORM: &str = "POST /post HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded";

#[test]
fn a_page_sets_one_cookie_and_masks_each_token() {
    let server = server(Xsrf::default());
    let reply = server.connect().get("/form");
    let header = reply.header("set-cookie").unwrap();
    assert!(
        header.starts_with("_xsrf=2|") && header.ends_with("; Path=/; SameSite=Lax"),
        "{header}"
    );
    let (cookie, [one, other]) = tokens(&server);
    assert!(one != other && !cookie.ends_with(&one));
    let mut client = server.connect();
    let again =
        client.send(format!("GET /form HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n\r\n")).reply();
    assert_eq!(again.header("set-cookie"), None, "who has a cookie keeps it");
}

#[test]
fn a_token_is_taken_wherever_it_comes() {
    let server = server(Xsrf::default());
    let (cookie, [token, _]) = tokens(&server);
    let encoded = token.replace('|', "%7C");
    for (head, body) in [
        (format!("{FORM}\r\nCookie: {cookie}"), format!("a=b&_xsrf={encoded}")),
        (format!("POST /post?_xsrf={encoded} HTTP/1.1\r\nCookie: {cookie}"), String::new()),
        (format!("POST /post HTTP/1.1\r\nX-XSRFToken: {token}\r\nCookie: {cookie}"), String::new()),
        (format!("POST /post HTTP/1.1\r\nX-CSRFToken: {token}\r\nCookie: {cookie}"), String::new()),
        // Tornado's first format, and any two that are equal, however short.
        (format!("{FORM}\r\nCookie: _xsrf=00ff"), "_xsrf=00ff".into()),
        (format!("{FORM}\r\nCookie: _xsrf=a"), "_xsrf=a".into()),
    ] {
        let reply = ask(&server, &head, &body);
        assert_eq!((reply.status(), reply.text().as_str()), (200, "posted"), "{head}");
    }
}

#[test]
fn a_request_without_the_right_token_is_a_403() {
    let server = server(Xsrf::default());
    let (cookie, [token, _]) = tokens(&server);
    let (_, [foreign, _]) = tokens(&server);
    for (head, body, reason) in [
        (format!("{FORM}\r\nCookie: {cookie}"), String::new(), "missing"),
        (format!("{FORM}\r\nCookie: {cookie}"), "_xsrf=".into(), "missing"),
        (format!("{FORM}\r\nCookie: {cookie}"), "_xsrf=2|zz".into(), "invalid format"),
        (format!("{FORM}\r\nCookie: {cookie}"), format!("_xsrf={foreign}"), "does not match"),
        (FORM.into(), format!("_xsrf={token}"), "does not match"),
        (format!("{FORM}\r\nCookie: _xsrf=2|zz"), format!("_xsrf={token}"), "does not match"),
        (
            format!("{FORM}\r\nCookie: x=1; y=\"; _xsrf={token}\""),
            "_xsrf=x".into(),
            "does not match",
        ),
        // 1.1.1 of Tornado: a header of one's own proves nothing.
        (
            format!("{FORM}\r\nX-Requested-With: XMLHttpRequest\r\nCookie: {cookie}"),
            String::new(),
            "missing",
        ),
        (
            format!("POST /post HTTP/1.1\r\nContent-Type: text/plain\r\nCookie: {cookie}"),
            format!("_xsrf={token}"),
            "missing",
        ),
        ("DELETE /post HTTP/1.1".into(), String::new(), ""),
    ] {
        let reply = ask(&server, &head, &body);
        let expected = if reason.is_empty() { 405 } else { 403 };
        assert_eq!(reply.status(), expected, "{head} {body}");
        let log = server.log().take().join("\n");
        assert!(log.contains(reason), "{log}");
        assert!(!reply.text().contains("XSRF"), "{}", reply.text());
    }
    assert_eq!(ask(&server, "POST /nowhere HTTP/1.1", "").status(), 404, "a 404 stays a 404");
}

#[test]
fn a_request_of_another_site_is_a_403_even_with_a_token() {
    let server = server(Xsrf::default().trusted_origin("https://friend.test"));
    let (cookie, [token, _]) = tokens(&server);
    for (headers, status) in [
        ("", 200),
        ("Sec-Fetch-Site: same-origin", 200),
        ("Sec-Fetch-Site: none", 200),
        ("Origin: http://a.test:8888", 200),
        ("Origin: https://A.TEST:8888", 200),
        ("Sec-Fetch-Site: cross-site\r\nOrigin: https://friend.test", 200),
        ("Origin: https://friend.test", 200),
        ("Sec-Fetch-Site: same-site", 403),
        ("Sec-Fetch-Site: cross-site", 403),
        ("Sec-Fetch-Site: nonsense", 403),
        ("Sec-Fetch-Site: cross-site\r\nOrigin: http://a.test:8888", 403),
        ("Origin: null", 403),
        ("Origin: ", 403),
        ("Origin: http://a.test", 403),
        ("Origin: http://evil.test:8888", 403),
        ("Origin: http://evil.test/a.test:8888", 403),
        ("Origin: http://friend.test", 403),
        ("Origin: \u{e9}", 403),
    ] {
        let headers = if headers.is_empty() { String::new() } else { format!("\r\n{headers}") };
        let head = format!("{FORM}{headers}\r\nCookie: {cookie}");
        let reply = ask(&server, &head, &format!("_xsrf={token}"));
        assert_eq!(reply.status(), status, "{headers:?}");
    }
}

#[test]
fn a_body_that_streams_is_asked_for_its_token_before() {
    let server = server(Xsrf::default());
    let (cookie, [token, _]) = tokens(&server);
    let head = format!("PUT /upload HTTP/1.1\r\nCookie: {cookie}");
    assert_eq!(ask(&server, &head, "12345").status(), 403);
    let head = format!("{head}\r\nX-Xsrftoken: {token}");
    assert_eq!(ask(&server, &head, "12345").text(), "5");
}

#[test]
fn who_is_exempt_is_so_by_the_route() {
    let server = server(Xsrf::default().exempt("/hooks"));
    assert_eq!(ask(&server, "POST /hooks/a HTTP/1.1", "").text(), "a");
    assert_eq!(ask(&server, "POST /%68ooks/a HTTP/1.1", "").text(), "a", "another spelling of it");
    assert_eq!(ask(&server, "POST /post HTTP/1.1", "").status(), 403);
}

#[test]
fn it_is_on_with_a_secret_only_and_can_be_switched_off() {
    let asked = |server: Server, headers: &str| {
        ask(&server, &format!("POST /post HTTP/1.1{headers}"), "").status()
    };
    let foreign = "\r\nOrigin: http://evil.test";
    assert_eq!(asked(server(Xsrf::default()), ""), 403);
    assert_eq!(
        asked(Server::application(|| application().provide(CookieSecret::new(SECRET))), ""),
        403
    );
    assert_eq!(asked(Server::application(application), foreign), 200);
    assert_eq!(asked(server(Xsrf::off()), foreign), 200);
    assert_eq!(asked(server(Xsrf::origins_only()), ""), 200);
    assert_eq!(asked(server(Xsrf::origins_only()), foreign), 403);
    let reply = Server::application(application).connect().get("/form");
    assert_eq!(reply.status(), 500, "without a secret there are no tokens");
}

#[test]
fn the_cookie_may_be_for_this_host_and_tls_only() {
    let server = server(Xsrf::default().cookie_name("__Host-xsrf").secure());
    let reply = server.connect().get("/form");
    let header = reply.header("set-cookie").unwrap();
    assert!(header.starts_with("__Host-xsrf=2|"), "{header}");
    assert!(header.ends_with("; Path=/; Secure; SameSite=Lax"), "{header}");
    let (cookie, [token, _]) = tokens(&server);
    let reply = ask(&server, &format!("{FORM}\r\nCookie: {cookie}"), &format!("_xsrf={token}"));
    assert_eq!(reply.status(), 200);
}
