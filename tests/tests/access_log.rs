//! What an application logs of its requests.

use gustnado::{Application, Error, HTTPError, Result, StatusCode, WithContext, get, routes};
use gustnado_tests::{Server, eventually};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[get("/status/{code}")]
async fn status(code: u16) -> Result<(), HTTPError> {
    match StatusCode::from_u16(code) {
        Ok(StatusCode::OK) | Err(_) => Ok(()),
        Ok(code) => Err(HTTPError::new(code)),
    }
}

#[get("/number")]
async fn number() -> Result<()> {
    let parsed: Result<u8, _> = "seven".parse::<u8>();
    parsed.context("reading\nthe page")?;
    Ok(())
}

#[get("/door")]
async fn door() -> Result<(), HTTPError> {
    Err(HTTPError::new(StatusCode::FORBIDDEN).with_log_message("wrong\r\ndoor"))
}

#[get("/panic")]
async fn panics() -> Result<(), Error> {
    panic!("on purpose");
}

#[get("/wait")]
async fn waits(waiting: &Arc<AtomicBool>) {
    waiting.store(true, Ordering::Relaxed);
    std::future::pending::<()>().await;
}

fn server() -> (Server, Arc<AtomicBool>) {
    let waiting = Arc::<AtomicBool>::default();
    let told = waiting.clone();
    let application =
        move || Application::new(routes![status, number, door, panics, waits]).provide(told);
    (Server::application(application), waiting)
}

#[test]
fn a_request_is_one_line_as_in_tornado() {
    let (server, _) = server();
    server.connect().get("/status/200?b=c");
    let lines = server.log().take();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    let start = "INFO gustnado.access 200 GET /status/200?b=c (127.0.0.1) ";
    let time = line.strip_prefix(start).and_then(|rest| rest.strip_suffix("ms"));
    let (whole, decimals) = time.and_then(|time| time.split_once('.')).expect(line);
    assert!(whole.parse::<u32>().is_ok() && decimals.len() == 2, "{line}");
}

#[test]
fn the_status_gives_the_level() {
    let (server, _) = server();
    let mut client = server.connect();
    for (status, level) in [(200, "INFO"), (400, "WARN"), (499, "WARN"), (500, "ERROR")] {
        client.get(&format!("/status/{status}"));
        let line = format!("{level} gustnado.access {status} GET /status/{status} (127.0.0.1) ");
        assert_eq!(server.log().count(&line), 1, "{:?}", server.log().take());
    }
    client.get("/none");
    assert_eq!(server.log().count("WARN gustnado.access 404 GET /none (127.0.0.1) "), 1);
}

#[test]
fn an_error_of_ours_is_logged_with_its_causes_and_place() {
    let (server, _) = server();
    server.connect().get("/number");
    let cause = "invalid digit found in string";
    let start = "ERROR gustnado.application 500 GET /number (127.0.0.1): ";
    let line = format!("{start}reading\\nthe page: {cause}, at tests/tests/access_log.rs:");
    assert_eq!(server.log().count(&line), 1, "{:?}", server.log().take());
}

#[test]
fn a_log_message_is_a_warning_and_other_client_errors_are_silent() {
    let (server, _) = server();
    let mut client = server.connect();
    client.get("/status/403");
    assert_eq!(server.log().count("gustnado.application"), 0);
    client.get("/door");
    let line = "WARN gustnado.application 403 GET /door (127.0.0.1): wrong\\r\\ndoor";
    assert_eq!(server.log().count(line), 1, "{:?}", server.log().take());
}

#[test]
fn a_handler_that_panics_is_logged_too() {
    let (server, _) = server();
    server.connect().get("/panic");
    assert_eq!(server.log().count("ERROR gustnado.access 500 GET /panic (127.0.0.1) "), 1);
}

#[test]
fn a_request_whose_client_has_left_is_not_logged() {
    let (server, waiting) = server();
    let mut client = server.connect();
    client.send_get("/wait");
    eventually("the handler waits", || waiting.load(Ordering::Relaxed));
    drop(client);
    eventually("the handler is dropped", || server.connections() == 0);
    assert_eq!(server.log().take(), [""; 0]);
}
