use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::*;
use crate::error::HTTPError;
use crate::web::testing::{HERE, answer, get};
use crate::web::{Application, Respond, Route};

/// Keeps what is logged: level, target and message.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("gustnado.")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut line = format!("{} {} ", metadata.level(), metadata.target());
        event.record(&mut Message(&mut line));
        self.0.lock().unwrap().push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Message<'a>(&'a mut String);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.push_str(&format!("{value:?}"));
        }
    }
}

fn logged(log: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), log);
    lines.0.lock().unwrap().clone()
}

#[test]
fn a_request_is_one_line_as_in_tornado() {
    let lines = logged(|| access(&get("/a?b=c"), StatusCode::OK, Duration::from_micros(1234)));
    assert_eq!(lines, ["INFO gustnado.access 200 GET /a?b=c (127.0.0.1) 1.23ms"]);
}

#[test]
fn the_status_gives_the_level() {
    let level = |status| {
        let status = StatusCode::from_u16(status).unwrap();
        logged(|| access(&get("/"), status, Duration::ZERO))[0]
            .split(' ')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!([399, 400, 499, 500].map(level), ["INFO", "WARN", "WARN", "ERROR"]);
}

#[test]
fn control_characters_are_made_visible() {
    let shown = |text| Printable(text).to_string();
    assert_eq!(
        shown("/a\r\nERROR\u{1b}[31m\0\u{85}\u{e9}"),
        "/a\\r\\nERROR\\u{1b}[31m\\u{0}\\u{85}\u{e9}"
    );
    assert_eq!(shown("/plain"), "/plain");
}

#[test]
fn an_error_of_ours_is_logged_with_its_causes_and_place() {
    let error = Error::from(fmt::Error).context("rendering\nthe page");
    let line = error.location().line();
    let lines = logged(|| drop(error.respond(&get("/a"))));
    let cause = "an error occurred when formatting an argument";
    let start = format!(
        "ERROR gustnado.application 500 GET /a (127.0.0.1): rendering\\nthe page: {cause}, at "
    );
    assert!(lines[0].starts_with(&start), "{lines:?}");
    assert!(lines[0].contains(&format!("tests.rs:{line}:")), "{lines:?}");
}

#[test]
fn a_log_message_is_a_warning_and_other_client_errors_are_silent() {
    let error = HTTPError::new(StatusCode::FORBIDDEN);
    assert!(logged(|| drop(error.clone().respond(&get("/a")))).is_empty());
    let lines = logged(|| drop(error.with_log_message("wrong door").respond(&get("/a"))));
    assert_eq!(lines, ["WARN gustnado.application 403 GET /a (127.0.0.1): wrong door"]);
}

#[test]
fn a_handler_that_panics_is_logged_too() {
    let panics = Route::new("/", "i", HERE).handler(|_| async { panic!("on purpose") });
    let lines = logged(|| {
        let answer = || answer(Application::new(vec![panics]), get("/"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(answer)).is_err());
    });
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("ERROR gustnado.access 500 GET / (127.0.0.1) "), "{lines:?}");
}

#[test]
fn a_request_whose_client_has_left_is_not_logged() {
    let waits = Route::new("/", "i", HERE).handler(|_| std::future::pending());
    let lines = logged(|| {
        let site = Application::new(vec![waits]).build().unwrap();
        drop(crate::http::Service::call(&site, get("/")));
    });
    assert!(lines.is_empty());
}

#[test]
fn an_application_logs_each_request() {
    let app = || {
        Application::new(vec![
            Route::new("/", "i", HERE).handler(|cx| async move { "a".respond(&cx) }),
        ])
    };
    let lines = logged(|| {
        answer(app(), get("/"));
        answer(app(), get("/no"));
    });
    assert!(lines[0].starts_with("INFO gustnado.access 200 GET / (127.0.0.1) "), "{lines:?}");
    assert!(lines[1].starts_with("WARN gustnado.access 404 GET /no (127.0.0.1) "), "{lines:?}");
}
