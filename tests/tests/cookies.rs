//! Cookies that handlers set and read.

use gustnado::http::{Cookie, SameSite};
use gustnado::prelude::*;
use gustnado::{CookieValue, EncryptedCookie, SignedCookie, Validity};
use gustnado_tests::{Reply, Server};
use serde::{Deserialize, Serialize};

const SECRET: &str = "It's a secret to everybody";

#[derive(Serialize, Deserialize)]
struct User {
    name: String,
}

impl CookieValue for User {
    const NAME: &'static str = "user";

    fn attributes(cookie: Cookie) -> Cookie {
        cookie.same_site(SameSite::Strict)
    }
}

#[route("/login/{name}")]
async fn login(name: String) -> (SignedCookie<User>, &'static str) {
    (SignedCookie(User { name }), "welcome")
}

#[route("/me")]
async fn me(SignedCookie(user): SignedCookie<User>) -> String {
    user.name
}

#[route("/maybe")]
async fn maybe(user: Option<SignedCookie<User>>) -> String {
    user.map_or("nobody".into(), |user| user.0.name)
}

#[route("/hide/{name}")]
async fn hide(name: String) -> (EncryptedCookie<User>, &'static str) {
    (EncryptedCookie(User { name }), "welcome")
}

#[route("/hidden")]
async fn hidden(user: Option<EncryptedCookie<User>>) -> String {
    user.map_or("nobody".into(), |user| user.0.name)
}

#[route("/logout")]
async fn logout() -> (Cookie, &'static str) {
    (Cookie::removal("user"), "bye")
}

#[route("/raw")]
async fn raw(cx: &Context) -> Result<String> {
    let value = cx.signed_cookie("user", Validity::default())?;
    Ok(String::from_utf8(value.unwrap_or_default())?)
}

#[route("/sign/{value}")]
async fn sign(value: String, cx: &Context) -> Result {
    cx.set_signed_cookie("user", value)
}

#[route("/injected/{value}")]
async fn injected(value: String) -> (Vec<Cookie>, &'static str) {
    (vec![Cookie::new("a", "b"), Cookie::new("c", value.clone()).path(value)], "set")
}

fn server() -> Server {
    Server::application(|| {
        Application::new(routes![login, me, maybe, hide, hidden, logout, raw, sign, injected])
            .cookie_secret(SECRET)
    })
}

/// Asks with a cookie.
fn ask(server: &Server, target: &str, cookie: &str) -> Reply {
    let mut client = server.connect();
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n\r\n"));
    client.reply()
}

fn pair(reply: &Reply) -> String {
    let cookie = reply.header("set-cookie").expect("a cookie is set");
    cookie.split("; ").next().unwrap_or_default().to_owned()
}

#[test]
fn a_signed_cookie_is_read_by_who_has_signed_it() {
    let server = server();
    let reply = server.connect().get("/login/Ada");
    assert_eq!((reply.status(), reply.text().as_str()), (200, "welcome"));
    let header = reply.header("set-cookie").unwrap();
    assert!(header.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict"), "{header}");
    let cookie = pair(&reply);
    assert_eq!(ask(&server, "/me", &cookie).text(), "Ada");
    assert_eq!(ask(&server, "/maybe", &cookie).text(), "Ada");
    assert_eq!(ask(&server, "/raw", &cookie).text(), r#"{"name":"Ada"}"#);
}

#[test]
fn a_cookie_that_is_missing_or_forged_is_none_or_a_403() {
    let server = server();
    let cookie = pair(&server.connect().get("/login/Ada"));
    let last = if cookie.ends_with('0') { "1" } else { "0" };
    let forged = format!("{}{last}", &cookie[..cookie.len() - 1]);
    let renamed = cookie.replacen("user=", "USER=", 1);
    // What was encrypted is not signed, and the other way round.
    let hidden = pair(&server.connect().get("/hide/Ada"));
    for cookie in ["", "user=", "user=Ada", "user=2|", &forged, &renamed, &hidden] {
        let reply = ask(&server, "/me", cookie);
        assert_eq!(reply.status(), 403, "{cookie}");
        assert_eq!(reply.text(), "403: cookie user: missing or not valid\n");
        assert_eq!(ask(&server, "/maybe", cookie).text(), "nobody", "{cookie}");
        assert_eq!(ask(&server, "/raw", cookie).text(), "", "{cookie}");
    }
    assert_eq!(ask(&server, "/hidden", &cookie).text(), "nobody");
}

#[test]
fn an_encrypted_cookie_cannot_be_read_on_the_way() {
    let server = server();
    let first = pair(&server.connect().get("/hide/Ada"));
    let second = pair(&server.connect().get("/hide/Ada"));
    assert_ne!(first, second);
    assert!(!first.contains("Ada") && !first.contains("QWRh"), "{first}");
    assert_eq!(ask(&server, "/hidden", &first).text(), "Ada");
}

#[test]
fn a_handler_signs_by_hand_what_it_reads_by_hand() {
    let server = server();
    let cookie = pair(&server.connect().get("/sign/caf%C3%A9"));
    assert_eq!(ask(&server, "/raw", &cookie).text(), "caf\u{e9}");
}

#[test]
fn a_cookie_can_be_taken_back() {
    let reply = server().connect().get("/logout");
    assert_eq!(
        reply.header("set-cookie"),
        Some("user=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0")
    );
}

#[test]
fn a_cookie_that_must_not_be_is_a_500_without_any() {
    let server = server();
    for value in ["a%0d%0aSet-Cookie:%20x=y", "a;%20HttpOnly", "a%00"] {
        let reply = server.connect().get(&format!("/injected/{value}"));
        assert_eq!((reply.status(), reply.header("set-cookie")), (500, None), "{value}");
    }
}

#[test]
fn a_secret_is_wanted_at_the_start_and_is_no_joke() {
    let problem = |application: Application| application.build().unwrap_err().to_string();
    assert!(problem(Application::new(routes![me])).contains("CookieSecret"));
    assert!(problem(Application::new(routes![me]).cookie_secret("hunter2")).contains("too short"));
}
