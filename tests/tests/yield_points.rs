//! Handlers that wait for callbacks: `GenWebTest` of Tornado's `gen_test`, under its names where it has them.

use gustnado::coroutine::{YieldError, shield};
use gustnado::prelude::*;
use gustnado::{Application, routes};
use gustnado_tests::{Server, eventually};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};

type Outcome = Result<String>;
type Function = Box<dyn FnOnce(())>;

thread_local! {
    /// Callbacks that nobody calls.
    static KEPT: RefCell<Vec<Function>> = const { RefCell::new(Vec::new()) };
}

fn next_turn(callback: impl FnOnce(()) + 'static) {
    IOLoop::current().add_callback(|| callback(()));
}

fn keep(callback: Function) {
    KEPT.with_borrow_mut(|kept| kept.push(callback));
}

#[route("/sequence")]
async fn sequence() -> Outcome {
    let mut answer = String::new();
    // An old key is used again.
    for (key, text) in [("k1", "1"), ("k2", "2"), ("k1", "3")] {
        next_turn(Callback(key)?);
        Wait::<()>(key).await?;
        answer.push_str(text);
    }
    Ok(answer)
}

#[route("/task")]
async fn task() -> Outcome {
    Task(next_turn).await?;
    Ok(Task(|callback| callback("at once")).await?.to_owned())
}

#[route("/exception")]
async fn exception() -> Outcome {
    Task(next_turn).await?;
    panic!("oops");
}

#[route("/yield_exception")]
async fn yield_exception() -> Outcome {
    let fail_task = |callback: Function| {
        IOLoop::current().add_callback(move || {
            assert!(IOLoop::try_current().is_none(), "no luck");
            callback(());
        });
    };
    Ok(Task(fail_task).await.unwrap_err().to_string())
}

#[route("/reuse")]
async fn reuse() -> Outcome {
    let _first = Callback::<()>("key")?;
    let _second = Callback::<()>("key")?;
    Ok(String::new())
}

#[route("/leak")]
async fn leak() -> Outcome {
    keep(Callback("leaked")?);
    Ok("leaks".into())
}

#[route("/leak/late")]
async fn leak_late() -> Outcome {
    keep(Callback("leaked late")?);
    Task(next_turn).await?;
    Ok("leaks".into())
}

#[route("/leak/error")]
async fn leak_error() -> Outcome {
    keep(Callback("left by an error")?);
    Err(HTTPError::new(StatusCode::FORBIDDEN).into())
}

#[route("/leak/panic")]
async fn leak_panic() -> Outcome {
    keep(Callback("left by a panic")?);
    panic!("oops");
}

#[route("/hang")]
async fn hang() -> Outcome {
    keep(Callback("left by a client")?);
    Ok(Wait::<()>("left by a client").await.map(|()| String::new())?)
}

/// How far `/shielded` got.
static STEPS: AtomicU32 = AtomicU32::new(0);

#[route("/shielded")]
async fn shielded() -> Outcome {
    shield(async {
        STEPS.store(1, Ordering::Relaxed);
        Task(keep).await?;
        STEPS.store(2, Ordering::Relaxed);
        Ok::<_, YieldError>(())
    })
    .await?;
    unreachable!("its client has left");
}

#[route("/release")]
async fn release() -> Outcome {
    let kept = KEPT.take();
    let count = kept.len();
    kept.into_iter().for_each(|callback| callback(()));
    Ok(count.to_string())
}

fn server() -> Server {
    Server::application(|| {
        Application::new(routes![
            sequence,
            task,
            exception,
            yield_exception,
            reuse,
            leak,
            leak_late,
            leak_error,
            leak_panic,
            hang,
            shielded,
            release
        ])
    })
}

fn get(target: &str) -> (u16, String) {
    let reply = server().connect().get(target);
    (reply.status(), reply.text())
}

#[test]
fn sequence_handler() {
    assert_eq!(get("/sequence"), (200, "123".into()));
}

#[test]
fn task_handler() {
    assert_eq!(get("/task"), (200, "at once".into()));
}

#[test]
fn exception_handler() {
    let server = server();
    assert_eq!(server.connect().get("/exception").status(), 500);
    assert_eq!(server.log().count("Uncaught exception GET /exception: oops"), 1);
}

#[test]
fn yield_exception_handler() {
    let text = "the callback of a task was dropped without being called";
    assert_eq!(get("/yield_exception"), (200, text.into()));
}

#[test]
fn requests_of_one_connection_do_not_see_each_others_keys() {
    let server = server();
    let mut client = server.connect();
    let begun = |target| format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
    // Each uses the key that the one before has left, and all are there at once.
    client.send(["/leak", "/leak", "/leak/late", "/leak/late", "/leak"].map(begun).concat());
    for _ in 0..5 {
        let reply = client.reply();
        assert_eq!((reply.status(), &*reply.text()), (200, "leaks"));
    }
    // Nothing of them is left for another handler on the connection.
    assert_eq!(client.get("/sequence").text(), "123");
}

#[test]
fn a_handler_that_forgets_a_callback_answers_and_says_so() {
    let server = server();
    let mut client = server.connect();
    for (target, key) in [("/leak", "leaked"), ("/leak/late", "leaked late")] {
        assert_eq!(client.get(target).text(), "leaks");
        let line = format!(
            "ERROR gustnado.application LeakedCallbackError: finished without waiting for callbacks {key:?} ("
        );
        eventually("it is logged", || server.log().count(&line) == 1);
    }
}

#[test]
fn a_handler_that_fails_says_nothing_of_what_it_leaves() {
    let server = server();
    let mut client = server.connect();
    assert_eq!(client.get("/leak/error").status(), 403);
    assert_eq!(client.get("/leak/panic").status(), 500);
    assert_eq!(client.get("/reuse").status(), 500);
    assert_eq!(client.get("/reuse").status(), 500);
    let mut leaving = server.connect();
    leaving.send_get("/hang");
    drop(leaving);
    eventually("it has left", || server.connections() == 1);
    assert_eq!(client.get("/sequence").text(), "123");
    assert_eq!(server.log().count("LeakedCallbackError"), 0);
    assert_eq!(server.log().count("key \"key\" is already pending"), 2);
}

#[test]
fn a_client_that_leaves_ends_its_handler_but_not_what_that_has_shielded() {
    let server = server();
    let mut leaving = server.connect();
    leaving.send_get("/shielded");
    eventually("it has begun", || STEPS.load(Ordering::Relaxed) == 1);
    drop(leaving);
    eventually("it has left", || server.connections() == 0);
    assert_eq!(server.connect().get("/release").text(), "1");
    eventually("it has ended", || STEPS.load(Ordering::Relaxed) == 2);
    assert_eq!(server.log().count("ERROR"), 0);
}
