//! Values that are made for single requests.

use gustnado::coroutine::moment;
use gustnado::prelude::*;
use gustnado::{PerRequest, RequestEnd, before};
use gustnado_tests::{Server, eventually};
use std::cell::Cell;
use std::future::pending;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

struct User(String);

struct Session {
    number: u32,
}

/// Counts the sessions.
#[derive(Default)]
struct Sessions(Cell<u32>);

fn users() -> PerRequest<User> {
    PerRequest::new(async |cx: &Context| {
        let log: &Log = cx.take().await?;
        moment().await;
        let name = cx.header("x-user").with_status(StatusCode::UNAUTHORIZED)?;
        log.note(format!("user {name}"));
        Ok(User(name.to_owned()))
    })
    .needs::<Log>()
}

/// A session needs a user, and tells how it ends.
fn sessions(log: Log) -> PerRequest<Session> {
    PerRequest::new(async |cx: &Context| {
        let user: &User = cx.take().await?;
        let sessions: &Sessions = cx.take().await?;
        sessions.0.set(sessions.0.get() + 1);
        cx.take::<&Log>().await?.note(format!("session of {}", user.0));
        Ok(Session { number: sessions.0.get() })
    })
    .needs::<Sessions>()
    .at_end(async move |session: Session, end| {
        moment().await;
        log.note(format!("end {}: {end:?}", session.number));
        match end {
            RequestEnd::Answered(StatusCode::ACCEPTED) => Err("the disk is full"),
            _ => Ok(()),
        }
    })
}

#[route("/nothing")]
async fn nothing() -> &'static str {
    "nothing"
}

#[route("/both")]
async fn both(one: &Session, user: &User, two: &Session) -> String {
    assert!(std::ptr::eq(one, two), "it is made once");
    format!("{} is {}", user.0, one.number)
}

#[route("/status/{status}")]
async fn status(session: &Session, status: u16) -> Result<StatusCode> {
    assert_ne!(status, 999, "session {}", session.number);
    Ok(StatusCode::from_u16(status)?)
}

#[route("/maybe")]
async fn maybe(user: Result<&User>, other: Option<&Cell<u8>>) -> String {
    let user = match user {
        Ok(user) => user.0.clone(),
        Err(error) => error.status().to_string(),
    };
    format!("{user} {}", other.is_some())
}

#[route("/wait")]
async fn wait(_session: &Session, log: &Log) {
    log.note("waits");
    pending::<()>().await;
}

fn app(log: &Log) -> Application {
    Application::new(routes![nothing, both, status, maybe, wait])
        .provide(log.clone())
        .provide(Sessions::default())
        .provide_each(users())
        .provide_each(sessions(log.clone()))
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\nX-User: ada\r\n\r\n")
}

#[test]
fn a_value_is_made_once_for_each_request_that_asks() {
    let log = Log::default();
    let noted = log.clone();
    let server = Server::application(move || app(&noted));
    let mut client = server.connect();
    for number in 1..=2 {
        assert_eq!(client.send(get("/both")).reply().text(), format!("ada is {number}"));
        // It has ended before the answer was sent.
        let ended = format!("end {number}: Answered(200)");
        assert_eq!(log.take(), ["user ada", "session of ada", &ended]);
    }
    assert_eq!(client.send(get("/nothing")).reply().text(), "nothing");
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn one_that_cannot_be_made_answers_the_request() {
    let log = Log::default();
    let noted = log.clone();
    let server = Server::application(move || app(&noted));
    let mut client = server.connect();
    assert_eq!(client.get("/both").status(), 401);
    assert_eq!(client.get("/maybe").text(), "401 Unauthorized false");
    assert_eq!(client.send(get("/maybe")).reply().text(), "ada false");
    assert_eq!(log.take(), ["user ada"]);
}

#[test]
fn the_end_knows_the_status_and_may_fail() {
    let log = Log::default();
    let noted = log.clone();
    let server = Server::application(move || app(&noted));
    let mut client = server.connect();
    for (asked, answered, end) in [
        ("/status/204", 204, "end 1: Answered(204)"),
        ("/status/404", 404, "end 2: Answered(404)"),
        ("/status/1000", 500, "end 3: Answered(500)"),
        ("/status/202", 500, "end 4: Answered(202)"),
        ("/status/999", 500, "end 5: Dropped"),
    ] {
        assert_eq!(client.send(get(asked)).reply().status(), answered, "{asked}");
        eventually("it ends", || log.len() == 3);
        assert_eq!(log.take()[2], end);
    }
    assert_eq!(server.log().count("the disk is full"), 1);
}

#[test]
fn a_client_that_leaves_ends_what_was_made_for_it() {
    let log = Log::default();
    let noted = log.clone();
    let server = Server::application(move || app(&noted));
    let mut client = server.connect();
    client.send(get("/wait"));
    eventually("the handler waits", || log.len() == 3);
    drop(client);
    eventually("it ends", || log.len() == 4);
    assert_eq!(log.take()[3], "end 1: Dropped");
}

#[test]
fn a_layer_may_ask_too() {
    let log = Log::default();
    let noted = log.clone();
    let server = Server::application(move || {
        app(&noted).layer(before(async |cx: &Context| cx.take::<&Session>().await.map(drop)))
    });
    let mut client = server.connect();
    assert_eq!(client.get("/nothing").status(), 401);
    assert_eq!(client.send(get("/nothing")).reply().text(), "nothing");
    assert_eq!(log.take(), ["user ada", "session of ada", "end 1: Answered(200)"]);
}

#[test]
fn a_test_may_replace_what_was_provided() {
    let server = Server::application(|| {
        let log = Log::default();
        app(&log).replace(Session { number: 77 }).replace(User("nobody".into()))
    });
    assert_eq!(server.connect().get("/both").text(), "nobody is 77");
}

#[test]
fn what_is_missing_or_twice_there_is_found_before_the_first_request() {
    let log = Log::default();
    let application = Application::new(routes![both])
        .provide_each(sessions(log.clone()))
        .provide_each(sessions(log.clone()))
        .provide_each(users())
        .replace(7_u8);
    let error = application.build().unwrap_err();
    let problems = error.problems();
    for expected in [
        "Session was provided twice: which one should a handler get?",
        "a u8 replaces one that was not provided",
        "Sessions, which was not provided",
        "Log, which was not provided",
    ] {
        let mut told = problems.iter().filter(|problem| problem.ends_with(expected));
        assert!(told.next().is_some(), "{expected}: {problems:#?}");
    }
    assert_eq!(problems.len(), 4, "{problems:#?}");
}

struct Snake;

#[route("/snake")]
async fn snake(_snake: &Snake) {}

#[test]
fn what_asks_for_itself_is_an_error_and_not_the_end() {
    let server = Server::application(|| {
        let snakes = PerRequest::new(async |cx: &Context| {
            Box::pin(cx.take::<&Snake>()).await?;
            Ok(Snake)
        });
        Application::new(routes![snake]).provide_each(snakes)
    });
    assert_eq!(server.connect().get("/snake").status(), 500);
    assert_eq!(server.log().count("Snake for a request asks for one"), 1);
}
