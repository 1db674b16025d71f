//! What is done around handlers.

use gustnado::coroutine::moment;
use gustnado::prelude::*;
use gustnado::{Next, after, before};
use gustnado_tests::Server;
use std::cell::RefCell;

/// What happened, in its order.
#[derive(Default)]
struct Trace(RefCell<Vec<&'static str>>);

impl Trace {
    fn note(&self, what: &'static str) {
        self.0.borrow_mut().push(what);
    }
}

fn noting(
    begin: &'static str,
    end: &'static str,
) -> impl AsyncFn(Context, Next) -> Result<Response> {
    async move |cx: Context, next: Next| {
        // Kept beside the context, which the handler gets.
        let request = cx.request().clone();
        cx.take::<&Trace>().await?.note(begin);
        moment().await;
        let mut response = next.run(cx).await;
        let seen = format!("{end} {}", request.path());
        response.headers_mut().append("X-Seen", seen)?;
        Ok(response)
    }
}

#[route("/plain")]
async fn plain(trace: &Trace) -> String {
    trace.note("handler");
    trace.0.take().join(" ")
}

#[route("/layered/{name}")]
async fn layered(trace: &Trace, name: &str) -> String {
    trace.note("handler");
    format!("{name}: {}", trace.0.take().join(" "))
}

#[route("/fails")]
async fn fails() -> Result {
    Err(HTTPError::new(StatusCode::IM_A_TEAPOT).into())
}

#[post("/echo")]
async fn echo(body: String) -> String {
    body
}

fn seen(reply: &gustnado_tests::Reply) -> Vec<String> {
    let seen = reply.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-seen"));
    seen.map(|(_, value)| value.clone()).collect()
}

#[test]
fn layers_stand_around_a_route_a_list_and_an_application_the_last_one_outermost() {
    let server = Server::application(|| {
        let inner = routes![layered, fails].layer(noting("b1", "b2"));
        let inner: Vec<_> =
            inner.into_iter().map(|route| route.layer(noting("c1", "c2"))).collect();
        Application::new(routes![plain, ..inner])
            .layer(noting("a1", "a2"))
            .provide(Trace::default())
    });
    let mut client = server.connect();
    let reply = client.get("/layered/x%20y");
    assert_eq!(reply.text(), "x y: a1 c1 b1 handler");
    assert_eq!(seen(&reply), ["b2 /layered/x%20y", "c2 /layered/x%20y", "a2 /layered/x%20y"]);
    assert_eq!(client.get("/plain").text(), "a1 handler");
    // A handler's error is a response by then.
    let reply = client.get("/fails");
    assert_eq!((reply.status(), seen(&reply).len()), (418, 3));
    // Where there is no handler, there is nothing to stand around.
    assert_eq!(seen(&client.get("/none")), [""; 0]);
}

#[test]
fn a_layer_may_answer_instead_and_its_error_is_answered_as_a_handlers() {
    let server = Server::application(|| {
        let guard = before(async |cx: &Context| match cx.header("x-key") {
            Some("sesame") => Ok(()),
            _ => Err(HTTPError::new(StatusCode::FORBIDDEN).with_reason("which key?").into()),
        });
        let cached = async |cx: Context, next: Next| match cx.query() {
            Some("cached") => Response::new(StatusCode::OK).with_body("from the cache"),
            _ => next.run(cx).await,
        };
        Application::new(routes![plain, echo].layer(cached)).layer(guard).provide(Trace::default())
    });
    let mut client = server.connect();
    let mut ask = |head: &str, body: &str| {
        let reply = client.send(format!("{head}\r\nHost: a\r\n{body}")).reply();
        (reply.status(), reply.text())
    };
    assert_eq!(ask("GET /plain HTTP/1.1", "\r\n"), (403, "403: which key?\n".into()));
    let json = ask("GET /plain HTTP/1.1", "Accept: application/json\r\n\r\n");
    assert_eq!(json.1, r#"{"reason":"which key?","status":403}"#);
    let opened = |rest: &str| format!("X-Key: sesame\r\n{rest}");
    assert_eq!(ask("GET /plain HTTP/1.1", &opened("\r\n")), (200, "handler".into()));
    let cached = ask("GET /plain?cached HTTP/1.1", &opened("\r\n"));
    assert_eq!(cached, (200, "from the cache".into()));
    // The handler gets its body through the layers.
    let body = opened("Content-Length: 5\r\n\r\nHello");
    assert_eq!(ask("POST /echo HTTP/1.1", &body), (200, "Hello".into()));
}

#[test]
fn what_comes_after_may_change_the_answer_or_fail() {
    let server = Server::application(|| {
        let change = after(async |cx: &Context, response: Response| match cx.query() {
            None => response.with_header("X-Path", cx.path()).map_err(Error::from),
            Some(_) => Err(HTTPError::new(StatusCode::BAD_GATEWAY).into()),
        });
        Application::new(routes![plain]).layer(change).provide(Trace::default())
    });
    let mut client = server.connect();
    let reply = client.get("/plain");
    assert_eq!((reply.text().as_str(), reply.header("x-path")), ("handler", Some("/plain")));
    assert_eq!(client.get("/plain?x").status(), 502);
}
