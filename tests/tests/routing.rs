//! Hosts, `Accept`, guards, deadlines, prefixes, applications within others, and the way back from a route to its URL.

use gustnado::prelude::*;
use gustnado::{FromCapture, ToCapture, before};
use gustnado_tests::{Client, Server};
use std::borrow::Cow;
use std::future::pending;

#[route("/")]
async fn index() -> &'static str {
    "index"
}

#[route("/page/{name}")]
async fn page(name: &str) -> String {
    format!("page {name}")
}

#[route("/", host = "admin.example.com")]
async fn admin() -> &'static str {
    "admin"
}

/// Wider than `page`, and yet the one that is meant where the host is.
#[route("/page/{rest...}", host = "*.example.com")]
async fn below(rest: &str) -> String {
    format!("below {rest}")
}

fn ask(client: &mut Client, target: &str, host: &str, headers: &str) -> (u16, String) {
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
    let reply = client.send(request).reply();
    (reply.status(), reply.text())
}

#[test]
fn routes_of_a_host_are_asked_first_the_most_specific_host_before_others() {
    let server = Server::application(|| {
        Application::new(routes![index, page, admin, below])
            .add_handlers("*.example.com", routes![index])
            .add_handlers("other.example.com", routes![page])
    });
    let mut client = server.connect();
    for (host, root, page) in [
        ("admin.example.com", "admin", "below x"),
        ("ADMIN.example.com:8080", "admin", "below x"),
        ("www.example.com", "index", "below x"),
        ("other.example.com", "index", "page x"),
        ("example.com", "index", "page x"),
        ("evil-example.com", "index", "page x"),
    ] {
        assert_eq!(ask(&mut client, "/", host, ""), (200, root.into()), "{host}");
        assert_eq!(ask(&mut client, "/page/x", host, ""), (200, page.into()), "{host}");
    }
    // What the host does not have, all have.
    assert_eq!(ask(&mut client, "/none", "admin.example.com", "").0, 404);
}

#[test]
fn a_path_of_another_host_is_not_there() {
    let server = Server::application(|| Application::new(routes![admin]));
    let mut client = server.connect();
    assert_eq!(ask(&mut client, "/", "example.com", "").0, 404);
    client.send("POST / HTTP/1.1\r\nHost: example.com\r\n\r\n");
    assert_eq!(client.reply().status(), 404);
    client.send("POST / HTTP/1.1\r\nHost: admin.example.com\r\n\r\n");
    assert_eq!(client.reply().status(), 405);
}

/// As in Tornado: not for requests that a proxy has sent on.
#[test]
fn the_default_host_is_for_hosts_that_nobody_names() {
    let server = Server::application(|| {
        Application::new(routes![index, admin, below]).default_host("admin.example.com")
    });
    let mut client = server.connect();
    assert_eq!(ask(&mut client, "/", "127.0.0.1", "").1, "admin");
    assert_eq!(ask(&mut client, "/", "127.0.0.1", "X-Real-Ip: 1.2.3.4\r\n").1, "index");
    assert_eq!(ask(&mut client, "/", "www.example.com", "").1, "index");
    assert_eq!(ask(&mut client, "/page/x", "127.0.0.1", "").1, "below x");
}

#[route("/report", accept = "text/html")]
async fn report_page() -> &'static str {
    "html"
}

#[route("/report", accept = "application/json")]
async fn report_json() -> &'static str {
    "json"
}

#[post("/report")]
async fn send_report() {}

#[test]
fn the_type_that_the_client_likes_best_is_answered_or_406() {
    let server =
        Server::application(|| Application::new(routes![report_page, report_json, send_report]));
    let mut client = server.connect();
    for (accept, answer) in [
        ("text/html", "html"),
        ("application/json", "json"),
        ("text/html;q=0.5, application/*;q=0.6", "json"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "html"),
        ("*/*", "html"),
    ] {
        let asked = ask(&mut client, "/report", "a", &format!("Accept: {accept}\r\n"));
        assert_eq!(asked, (200, answer.into()), "{accept}");
    }
    assert_eq!(ask(&mut client, "/report", "a", "").1, "html");
    assert_eq!(ask(&mut client, "/report", "a", "Accept: image/png\r\n").0, 406);
    client.send("PUT /report HTTP/1.1\r\nHost: a\r\nAccept: image/png\r\n\r\n");
    let reply = client.reply();
    assert_eq!((reply.status(), reply.header("allow")), (405, Some("GET, HEAD, OPTIONS, POST")));
}

fn is_member(request: &Request) -> bool {
    request.header("x-member").is_some()
}

fn is_early(request: &Request) -> bool {
    request.query() == Some("early")
}

#[route("/lounge")]
async fn everybody() -> &'static str {
    "everybody"
}

#[route("/lounge", guard = is_member)]
async fn members() -> &'static str {
    "members"
}

#[route("/lounge", guard = self::is_early)]
async fn early() -> &'static str {
    "early"
}

#[route("/secret", guard = is_member)]
async fn secret() -> &'static str {
    "secret"
}

#[test]
fn guards_are_asked_in_their_order_and_who_has_none_comes_last() {
    let server =
        Server::application(|| Application::new(routes![everybody, members, early, secret]));
    let mut client = server.connect();
    let member = "X-Member: 1\r\n";
    assert_eq!(ask(&mut client, "/lounge", "a", "").1, "everybody");
    assert_eq!(ask(&mut client, "/lounge", "a", member).1, "members");
    assert_eq!(ask(&mut client, "/lounge?early", "a", "").1, "early");
    assert_eq!(ask(&mut client, "/lounge?early", "a", member).1, "members");
    assert_eq!(ask(&mut client, "/secret", "a", member).1, "secret");
    // Nobody learns that it is there.
    assert_eq!(ask(&mut client, "/secret", "a", "").0, 404);
}

#[route("/slow", timeout = 0.01)]
async fn slow() {
    pending::<()>().await;
}

#[test]
fn a_handler_that_takes_too_long_is_a_503() {
    let server = Server::application(|| Application::new(routes![slow]));
    let mut client = server.connect();
    for _ in 0..2 {
        assert_eq!(client.get("/slow").text(), "503: the answer took too long\n");
    }
}

#[route("/where")]
async fn place(cx: &Context, title: &String) -> Result<String> {
    let links = [place::url(), page::url("x")].map(|link| cx.reverse_url(&link));
    let [own, page] = links;
    Ok(format!("{title} {} {}", own?, page?))
}

#[route("/fails")]
async fn fails() -> Result {
    Err(HTTPError::new(StatusCode::IM_A_TEAPOT).into())
}

#[post("/echo")]
async fn echo(body: String) -> String {
    body
}

#[test]
fn an_application_may_be_mounted_with_what_it_is_provided_with() {
    let server = Server::application(|| {
        let stamp = |text: &'static str| {
            gustnado::after(async move |_: &Context, mut response: Response| {
                response.headers_mut().append("X-Stamp", text)?;
                Ok::<_, Error>(response)
            })
        };
        let inner = Application::new(routes![index, place, fails, echo])
            .provide("inner".to_owned())
            .layer(stamp("inner"))
            .max_body_size(3)
            .write_error(|error, _| format!("inner {}", error.status()));
        let middle = Application::new(routes![index, place]).mount("/deep", inner);
        Application::new(routes![page, fails, ..routes![echo].under("/a/b")])
            .mount("/middle", middle)
            .provide("outer".to_owned())
            .layer(stamp("outer"))
    });
    let mut client = server.connect();
    assert_eq!(client.get("/middle/").text(), "index");
    assert_eq!(client.get("/middle/deep/").text(), "index");
    assert_eq!(client.get("/middle").status(), 404);
    assert_eq!(client.get("/middle/where").text(), "outer /middle/where /page/x");
    let reply = client.get("/middle/deep/where");
    assert_eq!(reply.text(), "inner /middle/where /page/x", "the first of the same route counts");
    let stamps: Vec<_> = reply.headers.iter().filter(|(name, _)| name == "x-stamp").collect();
    assert_eq!(stamps.iter().map(|(_, value)| &**value).collect::<Vec<_>>(), ["inner", "outer"]);
    assert_eq!(client.get("/middle/deep/fails").text(), "inner 418 I'm a teapot");
    assert_eq!(client.get("/fails").text(), "418: I'm a teapot\n");
    for (path, status) in [("/middle/deep/echo", 413), ("/a/b/echo", 200)] {
        let request = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nfour");
        assert_eq!(server.connect().send(request).reply().status(), status, "{path}");
    }
}

#[test]
fn a_list_has_its_prefix_host_and_layers() {
    let server = Server::application(|| {
        let guarded =
            routes![page, index].under("/v1").under("/api").host("api.example.com").layer(before(
                async |cx: &Context| {
                    cx.header("x-key").with_status(StatusCode::FORBIDDEN).map(drop)
                },
            ));
        Application::new(routes![index, ..guarded])
    });
    let mut client = server.connect();
    let key = "X-Key: 1\r\n";
    assert_eq!(ask(&mut client, "/api/v1/page/a%20b", "api.example.com", key).1, "page a b");
    assert_eq!(ask(&mut client, "/api/v1/", "api.example.com", key).1, "index");
    assert_eq!(ask(&mut client, "/api/v1/page/x", "api.example.com", "").0, 403);
    assert_eq!(ask(&mut client, "/api/v1/page/x", "a", key).0, 404);
    assert_eq!(ask(&mut client, "/", "a", "").1, "index");
}

struct Slug(String);

impl FromCapture<'_> for Slug {
    fn from_capture(value: &str) -> Result<Self> {
        Ok(Self(value.to_owned()))
    }
}

impl ToCapture for Slug {
    fn to_capture(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }
}

#[route("/{slug}/{type}/{number}/{rest...}")]
async fn everything(rest: String, number: i32, cx: &Context, slug: Slug, r#type: char) -> String {
    format!("{} {} {number} {rest} {}", slug.0, r#type, cx.method())
}

#[route("/link")]
async fn link(cx: &Context) -> Result<Redirect> {
    let slug = Slug("//a b".to_owned());
    let link = everything::url(slug, '\u{e9}', -7, "/x/y?").query(&[("q", "1&2"), ("r", "")]);
    Ok(Redirect::to(cx.reverse_url(&link)?))
}

#[test]
fn a_link_leads_to_its_route() {
    let server = Server::application(|| Application::new(routes![link, everything]));
    let mut client = server.connect();
    let reply = client.get("/link");
    let location = reply.header("location").unwrap();
    assert_eq!(location, "/%2F%2Fa%20b/%C3%A9/-7/%2Fx/y%3F?q=1%262&r=");
    assert_eq!(client.get(location).text(), "//a b \u{e9} -7 /x/y? GET");
}

#[test]
fn a_link_to_what_is_not_mounted_is_an_error() {
    let site = Application::new(routes![index]).build().unwrap();
    let error = site.reverse_url(&page::url("x")).unwrap_err();
    assert_eq!(error.to_string(), "page is no route of this application");
    let link = index::url().query(&7);
    assert!(
        site.reverse_url(&link)
            .unwrap_err()
            .to_string()
            .starts_with("the query of a link to index: ")
    );
}

#[test]
fn what_is_wrong_with_hosts_and_prefixes_is_said_at_the_start() {
    let inner = Application::new(routes![page]).default_host("a").default_host("b");
    let error = Application::new(routes![
        ..routes![index].under("blog"),
        ..routes![index].under("/blog/"),
        ..routes![index].under("/{user}"),
        ..routes![page].host("http://a"),
        ..routes![everybody],
        ..routes![everybody],
        ..routes![members, early],
        ..routes![report_page],
        ..routes![report_page],
    ])
    .mount("/inner", inner)
    .build()
    .unwrap_err();
    let problems = error.problems();
    for (text, count) in [
        ("which is no prefix", 3),
        ("has a bad host", 1),
        ("two routes answer the same GET requests", 2),
        ("has a default route or host", 1),
    ] {
        let told = problems.iter().filter(|problem| problem.contains(text)).count();
        assert_eq!(told, count, "{text}: {problems:#?}");
    }
}
