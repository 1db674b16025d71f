//! What is looked at before and behind all handlers: hosts, proxies, other origins, limits and headers.

use gustnado::prelude::*;
use gustnado::{Cors, RateLimit, SecurityHeaders, TrustedProxies};
use gustnado_tests::{Reply, Server};
use std::time::Duration;

#[route("/")]
async fn index(cx: &Context) -> String {
    format!("{} {}", cx.remote_ip(), cx.protocol())
}

#[route("/login", methods = [GET, POST])]
async fn login() -> &'static str {
    "who?"
}

#[route("/api/entry", methods = [GET, PUT])]
async fn entry() -> ([(&'static str, &'static str); 2], &'static str) {
    ([("x-frame-options", "DENY"), ("vary", "Accept")], "entry")
}

fn server(change: impl FnOnce(Application) -> Application + Send + 'static) -> Server {
    Server::application(|| change(Application::new(routes![index, login, entry])))
}

fn ask(server: &Server, head: &str) -> Reply {
    let mut client = server.connect();
    let host = if head.contains("\r\nHost:") { "" } else { "\r\nHost: a.test" };
    client.send(format!("{head}{host}\r\n\r\n"));
    client.reply()
}

#[test]
fn an_application_answers_for_its_hosts_only() {
    let server = server(|app| app.allowed_hosts(["a.test", ".b.test"]));
    for (host, status) in [
        ("a.test", 200),
        ("A.test:8888", 200),
        ("b.test", 200),
        ("x.b.test:1", 200),
        ("evil.test", 421),
        ("xa.test", 421),
        ("xb.test", 421),
        ("a.test.evil.test", 421),
        ("127.0.0.1", 421),
    ] {
        assert_eq!(
            ask(&server, &format!("GET / HTTP/1.1\r\nHost: {host}")).status(),
            status,
            "{host}"
        );
    }
    // What no route takes, and whose body would be too much to read.
    let head = "POST /nowhere HTTP/1.1\r\nContent-Length: 1000000000\r\nHost: evil.test";
    assert_eq!(ask(&server, head).status(), 421);
}

#[test]
fn a_client_behind_a_trusted_proxy_is_known_in_the_log_too() {
    let head = "GET / HTTP/1.1\r\nX-Forwarded-For: 9.9.9.9, 1.2.3.4\r\nX-Forwarded-Proto: https";
    let doubtful = server(|app| app);
    assert_eq!(ask(&doubtful, head).text(), "127.0.0.1 http");
    let trusting = server(|app| app.trusted_proxies(TrustedProxies::new(["127.0.0.0/8"]).unwrap()));
    assert_eq!(ask(&trusting, head).text(), "1.2.3.4 https");
    for (server, address) in [(doubtful, "(127.0.0.1)"), (trusting, "(1.2.3.4)")] {
        gustnado_tests::eventually("the request is logged", || {
            server.log().take().join("\n").contains(address)
        });
    }
}

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    let server = server(|app| {
        app.trusted_proxies(TrustedProxies::new(["127.0.0.1"]).unwrap())
            .rate_limit(RateLimit::new(2, Duration::from_secs(7200)).on("/login"))
    });
    let from = |address: &str, path: &str| {
        ask(&server, &format!("GET {path} HTTP/1.1\r\nX-Forwarded-For: {address}"))
    };
    assert_eq!(from("1.1.1.1", "/login").status(), 200);
    assert_eq!(from("1.1.1.1", "/%6cogin").status(), 200);
    let refused = from("1.1.1.1", "/login");
    assert_eq!(refused.status(), 429);
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((3000..=3600).contains(&wait), "{wait}");
    assert_eq!(from("1.1.1.1", "/lo%67in").status(), 429, "another spelling is the same route");
    assert_eq!(from("1.1.1.1", "/").status(), 200);
    assert_eq!(from("2.2.2.2", "/login").status(), 200);
}

#[test]
fn other_origins_may_read_what_they_are_let() {
    let server = server(|app| {
        let cors = Cors::new(["https://app.test"]).headers(["content-type"]).expose(["etag"]);
        app.cors(cors.credentials().on("/api"))
    });
    let reply = ask(&server, "GET /api/entry HTTP/1.1\r\nOrigin: https://app.test");
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://app.test"));
    assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(reply.header("access-control-expose-headers"), Some("etag"));
    let vary: Vec<_> =
        reply.headers.iter().filter(|header| header.0 == "vary").map(|header| &*header.1).collect();
    assert_eq!(vary, ["Accept", "Origin"]);
    for head in [
        "GET /api/entry HTTP/1.1\r\nOrigin: https://evil.test",
        "GET /api/entry HTTP/1.1\r\nOrigin: http://app.test",
        "GET /api/entry HTTP/1.1\r\nOrigin: null",
        "GET /api/entry HTTP/1.1",
        "GET /login HTTP/1.1\r\nOrigin: https://app.test",
    ] {
        let reply = ask(&server, head);
        assert_eq!(
            (reply.status(), reply.header("access-control-allow-origin")),
            (200, None),
            "{head}"
        );
    }
}

#[test]
fn a_preflight_is_answered_without_a_handler() {
    let server = server(|app| {
        let cors = Cors::new(["https://app.test"]).headers(["content-type", "x-key"]);
        app.cors(cors.methods([Method::PUT]).on("/api"))
    });
    let head = "OPTIONS /api/entry HTTP/1.1\r\nOrigin: https://app.test\r\nAccess-Control-Request-Method: PUT";
    let reply = ask(&server, head);
    assert_eq!(reply.status(), 204);
    for (name, value) in [
        ("access-control-allow-origin", "https://app.test"),
        ("access-control-allow-methods", "PUT"),
        ("access-control-allow-headers", "content-type, x-key"),
        ("access-control-max-age", "600"),
        ("vary", "Origin"),
    ] {
        assert_eq!(reply.header(name), Some(value));
    }
    let reply = ask(&server, "OPTIONS /api/entry HTTP/1.1");
    assert_eq!(reply.header("allow"), Some("GET, HEAD, OPTIONS, PUT"), "an ordinary OPTIONS");
    let reply = ask(&server, &head.replace("app.test", "evil.test"));
    assert_eq!(reply.header("access-control-allow-origin"), None);
}

#[test]
fn everybody_may_read_what_is_for_everybody_but_without_cookies() {
    let server = server(|app| app.cors(Cors::any_origin().credentials()));
    let reply = ask(&server, "GET / HTTP/1.1\r\nOrigin: https://anywhere.test");
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    assert_eq!(reply.header("vary"), None);
}

#[test]
fn careful_headers_come_with_every_response_that_has_none_of_its_own() {
    let server = server(|app| {
        let headers =
            SecurityHeaders::default().content_security_policy("default-src 'self'").unwrap();
        app.security_headers(headers.strict_transport_security(Duration::from_secs(60)))
    });
    for (target, status, frame) in
        [("/", 200, "SAMEORIGIN"), ("/api/entry", 200, "DENY"), ("/nowhere", 404, "SAMEORIGIN")]
    {
        let reply = server.connect().get(target);
        assert_eq!(reply.status(), status);
        for (name, value) in [
            ("x-frame-options", frame),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("content-security-policy", "default-src 'self'"),
            ("strict-transport-security", "max-age=60"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{target}");
        }
    }
}

#[test]
fn careful_headers_are_the_default_of_who_has_secrets() {
    let header = |server: Server| {
        server.connect().get("/").header("x-content-type-options").map(str::to_owned)
    };
    assert_eq!(header(server(|app| app)), None);
    const SECRET: &str = "It's a secret to everybody";
    assert_eq!(header(server(|app| app.cookie_secret(SECRET))).as_deref(), Some("nosniff"));
    let none =
        |app: Application| app.cookie_secret(SECRET).security_headers(SecurityHeaders::none());
    assert_eq!(header(server(none)), None);
}
