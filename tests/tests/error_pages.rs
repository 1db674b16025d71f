//! What a client is told of errors, and who says it.

use gustnado::prelude::*;
use gustnado::{Location, Respond, Route};
use gustnado_tests::Server;

#[route("/")]
async fn index() -> &'static str {
    "index"
}

#[route("/secret")]
async fn secret() -> Result<()> {
    Err(HTTPError::new(StatusCode::FORBIDDEN)
        .with_reason("<not> you")
        .with_log_message("the password was hunter2")
        .into())
}

#[route("/broken")]
async fn broken() -> Result<String> {
    std::fs::read_to_string("/no/such/file").context("reading the secrets")
}

fn application() -> Application {
    Application::new(routes![index, secret, broken])
}

fn ask(server: &Server, method: &str, target: &str, accept: &str) -> gustnado_tests::Reply {
    let mut client = server.connect();
    client.send(format!("{method} {target} HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n"));
    client.reply()
}

#[test]
fn a_log_message_reaches_the_log_and_not_the_client() {
    let server = Server::application(application);
    for (accept, text) in [
        ("*/*", "403: <not> you\n"),
        (
            "text/html",
            "<!doctype html><html><title>403: &lt;not&gt; you</title><body>403: &lt;not&gt; you</body></html>\n",
        ),
        ("application/json", r#"{"reason":"<not> you","status":403}"#),
    ] {
        let reply = ask(&server, "GET", "/secret", accept);
        assert_eq!((reply.status(), reply.text().as_str()), (403, text));
        assert_eq!(reply.status_line, "HTTP/1.1 403 Forbidden");
        let log = server.log().take().join("\n");
        assert!(log.contains("the password was hunter2"), "{log}");
    }
}

#[test]
fn the_cause_of_a_500_reaches_the_log_and_not_the_client() {
    let server = Server::application(application);
    let reply = ask(&server, "GET", "/broken", "text/html");
    assert_eq!(reply.status(), 500);
    assert!(reply.text().contains("<title>500: Internal Server Error</title>"));
    assert!(!reply.text().contains("secrets"));
    let log = server.log().take().join("\n");
    assert!(log.contains("reading the secrets: "), "{log}");
    assert!(log.contains("error_pages.rs:"), "{log}");
}

#[test]
fn an_application_writes_its_own_pages() {
    let server = Server::application(|| {
        application().write_error(|error, cx| {
            let (status, path) = (error.status().as_u16(), cx.path());
            ([("x-page", "own")], format!("{status} at {path}: {}", error.reason()))
        })
    });
    for (method, target, text) in [
        ("GET", "/secret", "403 at /secret: <not> you"),
        ("GET", "/broken", "500 at /broken: Internal Server Error"),
        ("GET", "/nowhere", "404 at /nowhere: Not Found"),
        ("POST", "/", "405 at /: Method Not Allowed"),
    ] {
        let reply = ask(&server, method, target, "text/html");
        assert_eq!(reply.text(), text);
        assert_eq!(reply.status().to_string(), text[..3]);
        assert_eq!(reply.header("x-page"), Some("own"));
        let allow = (method == "POST").then_some("GET, HEAD, OPTIONS");
        assert_eq!(reply.header("allow"), allow);
    }
}

#[test]
fn a_page_may_say_another_status() {
    let server = Server::application(|| {
        application().write_error(|_, _| (StatusCode::IM_A_TEAPOT, "short and stout"))
    });
    assert_eq!(ask(&server, "GET", "/nowhere", "*/*").status(), 418);
}

#[test]
fn an_error_in_a_page_is_answered_with_a_plain_one() {
    let server = Server::application(|| {
        application().write_error(|_, _| -> Result<String> { Err(Error::msg("no page today")) })
    });
    let mut client = server.connect();
    for _ in 0..2 {
        let reply = client.get("/nowhere");
        assert_eq!((reply.status(), reply.text().as_str()), (500, "500: Internal Server Error\n"));
        let log = server.log().take().join("\n");
        assert!(log.contains("no page today"), "{log}");
    }
}

#[test]
fn a_default_route_answers_what_no_route_takes() {
    let server = Server::application(|| {
        let here = Location { file: file!(), line: line!() };
        let route = Route::new("*", "elsewhere", here)
            .handler(|cx| async move { format!("{} {}", cx.method(), cx.path()).respond(&cx) });
        application().default_route(route)
    });
    assert_eq!(ask(&server, "GET", "/nowhere", "*/*").text(), "GET /nowhere");
    assert_eq!(ask(&server, "DELETE", "/nowhere", "*/*").text(), "DELETE /nowhere");
    assert_eq!(ask(&server, "GET", "/", "*/*").text(), "index");
    let reply = ask(&server, "DELETE", "/", "*/*");
    assert_eq!((reply.status(), reply.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
}

#[test]
fn a_malformed_request_is_no_error_of_the_application() {
    let server = Server::application(|| application().write_error(|_, _| "own"));
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    let reply = client.reply();
    assert_eq!(reply.status(), 400);
    assert_ne!(reply.text(), "own");
}

#[test]
fn an_author_sees_the_causes_the_route_and_the_request() {
    let server = Server::application(|| application().debug(true));
    let mut client = server.connect();
    client.send(
        "GET /broken?a=<b> HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nCookie: secret=1\r\nX-Odd: <i>\r\n\r\n",
    );
    let page = client.reply().text();
    for part in [
        "<h1>500: Internal Server Error</h1>",
        "<code>GET /broken?a=&lt;b&gt;</code>",
        "reading the secrets",
        "No such file",
        "error_pages.rs:",
        "handler broken",
        "<td>X-Odd</td><td>&lt;i&gt;</td>",
        "<td>Cookie</td><td>(not shown)</td>",
        "with_status",
    ] {
        assert!(page.contains(part), "{part:?} in {page}");
    }
    assert!(!page.contains("secret=1"));
    let reply = ask(&server, "GET", "/broken", "*/*");
    assert!(reply.text().starts_with("500: Internal Server Error\n\nreading the secrets"));
    let reply = ask(&server, "GET", "/broken", "application/json");
    assert!(reply.text().contains(r#""causes":["reading the secrets","#), "{}", reply.text());
}

#[test]
fn an_author_sees_which_routes_may_have_been_meant() {
    let server = Server::application(|| application().debug(true));
    let page = ask(&server, "GET", "/secrets", "text/html").text();
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} in {page}"));
    assert!(place("<td>/secret</td>") < place("<td>/broken</td>"));
    let page = ask(&server, "POST", "/secret", "text/html").text();
    assert!(page.contains("none of this method") && !page.contains("similar path"), "{page}");
}
