//! What stands above handlers: who may pass, and slashes at the end of paths; and tables of paths.

use gustnado::prelude::*;
use gustnado_tests::{Client, Reply, Server};
use std::cell::Cell;

#[route("/account")]
#[authenticated]
async fn account(cx: &Context) -> Option<String> {
    cx.current_user::<String>().cloned()
}

#[derive(Default)]
struct Entry;

#[route("/entry/{id}")]
#[handler]
impl Entry {
    async fn prepare(&mut self, cx: &Context) {
        if cx.query() == Some("known") {
            moment().await;
            assert!(cx.set_current_user(String::from("prepared")));
        }
    }

    fn get(&self, id: u32) -> String {
        id.to_string()
    }

    #[authenticated]
    fn post(&self, cx: &Context, id: u32) -> String {
        format!("{id} by {:?}", cx.current_user::<String>())
    }
}

#[route("/asked")]
async fn asked(cx: &Context, count: &Cell<u32>) -> String {
    assert_eq!(cx.current_user::<String>(), cx.current_user::<String>());
    assert_eq!(cx.current_user::<u32>(), None);
    count.get().to_string()
}

#[route("/archive/{year}/", methods = [GET, POST])]
#[addslash]
async fn archive(year: u32) -> String {
    year.to_string()
}

#[route("/page")]
#[removeslash]
async fn page() -> &'static str {
    "page"
}

#[handler(captures = [name])]
async fn named(name: &str) -> String {
    format!("name {name}")
}

#[derive(Default)]
struct Numbered;

#[handler(captures = [number])]
impl Numbered {
    fn get(&self, number: u8) -> String {
        format!("number {number}")
    }
}

#[handler]
async fn elsewhere(cx: &Context) -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, format!("no {}", cx.path()))
}

fn start(login_url: &'static str) -> Server {
    Server::application(move || {
        Application::new(routes![
            account,
            Entry,
            asked,
            archive,
            page,
            "/named/{name}" => named,
            "/also/{other}/{name}" => named,
            "/number/{number}" => Numbered,
        ])
        .provide(Cell::new(0_u32))
        .current_user(|cx| {
            if let Some(count) = cx.provided::<Cell<u32>>() {
                count.set(count.get() + 1);
            }
            cx.cookie("user")
        })
        .login_url(login_url)
        .default_handler::<elsewhere>()
    })
}

fn ask(client: &mut Client, method: &str, target: &str, headers: &str) -> Reply {
    client.send(format!(
        "{method} {target} HTTP/1.1\r\nHost: site\r\nContent-Length: 0\r\n{headers}\r\n"
    ));
    client.reply()
}

#[test]
fn who_has_not_logged_in_is_sent_to_the_login_page_by_get_and_refused_otherwise() {
    for (login_url, location) in [
        ("/login", "/login?next=%2Faccount%3Fa%3D1%26b"),
        ("/login?lang=en", "/login?lang=en&next=%2Faccount%3Fa%3D1%26b"),
        (
            "https://id.example/login",
            "https://id.example/login?next=http%3A%2F%2Fsite%2Faccount%3Fa%3D1%26b",
        ),
    ] {
        let server = start(login_url);
        let mut client = server.connect();
        let reply = ask(&mut client, "GET", "/account?a=1&b", "");
        assert_eq!((reply.status(), reply.header("location")), (302, Some(location)));
        assert_eq!(ask(&mut client, "POST", "/entry/7", "").status(), 403);
        assert_eq!(ask(&mut client, "GET", "/entry/7", "").text(), "7");
        let reply = ask(&mut client, "GET", "/account", "Cookie: user=ada\r\n");
        assert_eq!((reply.status(), reply.text().as_str()), (200, "ada"));
    }
}

#[test]
fn prepare_may_say_who_it_is() {
    let server = start("/login");
    let mut client = server.connect();
    let reply = ask(&mut client, "POST", "/entry/7?known", "");
    assert_eq!(reply.text(), "7 by Some(\"prepared\")");
}

#[test]
fn who_it_is_is_asked_once_a_request() {
    let server = start("/login");
    let mut client = server.connect();
    assert_eq!(ask(&mut client, "GET", "/asked", "Cookie: user=ada\r\n").text(), "1");
    assert_eq!(ask(&mut client, "GET", "/asked", "").text(), "2");
}

#[test]
fn a_slash_is_added_or_removed_by_a_redirect_that_keeps_the_query() {
    let server = start("/login");
    let mut client = server.connect();
    for (target, location) in [
        ("/archive/2024", "/archive/2024/"),
        ("/archive/2024?a=b&c", "/archive/2024/?a=b&c"),
        ("/page/", "/page"),
        ("/page/?a=//b", "/page?a=//b"),
    ] {
        let reply = client.get(target);
        assert_eq!((reply.status(), reply.header("location")), (301, Some(location)));
    }
    assert_eq!(client.get("/archive/2024/").text(), "2024");
    assert_eq!(client.get("/page").text(), "page");
    assert_eq!(ask(&mut client, "POST", "/archive/2024/", "").text(), "2024");
    assert_eq!(ask(&mut client, "POST", "/archive/2024", "").status(), 404);
    // GHSA-hj3f-6gcp-jg8j: no path becomes another site.
    assert_eq!(client.get("//evil.example/").status(), 404);
}

#[test]
fn a_table_gives_handlers_their_paths() {
    let server = start("/login");
    let mut client = server.connect();
    assert_eq!(client.get("/named/a%20b").text(), "name a b");
    assert_eq!(client.get("/also/x/y").text(), "name y");
    assert_eq!(client.get("/number/7").text(), "number 7");
    assert_eq!(client.get("/number/300").status(), 400);
    let reply = client.get("/nowhere");
    assert_eq!((reply.status(), reply.text().as_str()), (404, "no /nowhere"));
}
