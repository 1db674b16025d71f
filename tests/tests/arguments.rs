//! What a handler takes from the headers.

use gustnado::http::Cookies;
use gustnado::prelude::*;
use gustnado::{Bearer, FromHeader, UserAgent};
use gustnado_tests::Server;

struct Retries(u8);

impl FromHeader<'_> for Retries {
    const NAME: &'static str = "X-Retries";

    fn from_header(value: &str) -> Result<Self> {
        Ok(Self(value.parse()?))
    }
}

#[route("/retries")]
async fn retries(Header(Retries(count)): Header<Retries>) -> String {
    count.to_string()
}

#[route("/agent")]
async fn agent(agent: Option<Header<UserAgent<'_>>>) -> String {
    agent.map_or("nobody", |agent| agent.0.0).to_owned()
}

#[route("/token")]
async fn token(token: Result<Header<Bearer<'_>>>) -> String {
    match token {
        Ok(token) => format!("{} {token:?}", token.0.0),
        Err(error) => format!("{}: {}", error.status(), error.reason()),
    }
}

#[route("/cookies")]
async fn cookies(cookies: Cookies<'_>) -> String {
    format!("{:?} {:?}", cookies.value("a"), cookies.value("b"))
}

#[route("/cookie")]
async fn cookie(cookies: Option<Cookies<'_>>) -> String {
    cookies.is_some().to_string()
}

fn get(target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n{headers}\r\n")
}

#[test]
fn a_header_is_read_into_its_type() {
    let server = Server::application(|| Application::new(routes![retries, agent, token]));
    let mut client = server.connect();
    let mut ask = |target: &str, headers: &str| {
        let reply = client.send(get(target, headers)).reply();
        (reply.status(), reply.text())
    };
    assert_eq!(ask("/retries", "x-retries: 7\r\n"), (200, "7".into()));
    let missing = "400: header X-Retries: missing\n";
    assert_eq!(ask("/retries", ""), (400, missing.into()));
    let invalid = "400: header X-Retries: not valid\n";
    assert_eq!(ask("/retries", "X-Retries: 256\r\n"), (400, invalid.into()));
    let asked = ask("/retries", "X-Retries: 256\r\nAccept: application/json\r\n");
    assert_eq!(asked.1, r#"{"reason":"header X-Retries: not valid","status":400}"#);
    assert_eq!(ask("/agent", ""), (200, "nobody".into()));
    assert_eq!(ask("/agent", "User-Agent: a b\r\n"), (200, "a b".into()));
    assert_eq!(
        ask("/token", "Authorization: bearer abc\r\n"),
        (200, "abc Header(Bearer { .. })".into())
    );
    for other in ["Basic abc", "Bearer", "Bearer a b"] {
        let asked = ask("/token", &format!("Authorization: {other}\r\n"));
        assert_eq!(asked.1, "400 Bad Request: header Authorization: not a bearer token", "{other}");
    }
}

#[test]
fn cookies_come_from_all_their_headers_and_never_fail() {
    let server = Server::application(|| Application::new(routes![cookies, cookie]));
    let mut client = server.connect();
    for (headers, expected) in [
        ("", "None None"),
        ("Cookie: a=1; b=\"x\\073y\"\r\n", r#"Some("1") Some("x;y")"#),
        ("Cookie: a=1; a=2\r\nCookie: b=3\r\n", r#"Some("2") Some("3")"#),
        ("Cookie: ;;=; \"; b\r\n", "None None"),
    ] {
        assert_eq!(client.send(get("/cookies", headers)).reply().text(), expected);
    }
    assert_eq!(client.send(get("/cookie", "")).reply().text(), "false");
    assert_eq!(client.send(get("/cookie", "Cookie: a\r\n")).reply().text(), "true");
}
