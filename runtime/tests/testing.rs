//! What tests need.

use gustnado::coroutine::moment;
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::testing::{ExpectLog, Log};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tracing::Level;

/// The message of a panic.
fn panic_of(run: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    payload.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_log_keeps_what_its_thread_logs_from_info_on() {
    let log = Log::capture();
    tracing::debug!(target: "app", "too small");
    tracing::info!(target: "app", user = 7, name = "Ada", "signed in");
    std::thread::spawn(|| tracing::info!(target: "app", "elsewhere")).join().unwrap();
    tracing::error!(target: "app", "on {}", "fire");
    let records = log.records();
    assert_eq!(records.len(), 2);
    assert_eq!((records[0].level(), records[0].target()), (Level::INFO, "app"));
    assert_eq!(records[0].message(), "signed in");
    assert_eq!([records[0].field("user"), records[0].field("name")], [Some("7"), Some("Ada")]);
    assert_eq!(records[0].field("message"), None);
    assert_eq!((log.count("app"), log.count("fire")), (2, 1));
    assert_eq!(log.take(), ["INFO app signed in", "ERROR app on fire"]);
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn all_levels_of_a_target_may_be_kept() {
    let rest = Log::capture();
    let log = Log::capture_of("app");
    tracing::trace!(target: "app::web", "tiny");
    tracing::info!(target: "web", "another's");
    assert_eq!(log.take(), ["TRACE app::web tiny"]);
    assert_eq!(rest.take(), ["INFO web another's"]);
}

#[test]
fn threads_may_share_a_log() {
    let log = Log::default();
    let shared = log.clone();
    let thread = std::thread::spawn(move || {
        let _capture = shared.join();
        tracing::info!(target: "app", "elsewhere");
    });
    thread.join().unwrap();
    tracing::info!(target: "app", "before");
    let capture = log.join();
    tracing::info!(target: "app", "here");
    drop(capture);
    tracing::info!(target: "app", "after");
    assert_eq!(log.take(), ["INFO app elsewhere", "INFO app here"]);
}

#[test]
fn what_is_expected_is_swallowed_and_the_rest_goes_on() {
    let log = Log::capture();
    let expected = ExpectLog::new("app", "disk");
    for (target, message) in [("app.disk", "disk is full"), ("app", "going on"), ("web", "disk")] {
        match target {
            "app.disk" => tracing::warn!(target: "app.disk", "{message}"),
            "app" => tracing::warn!(target: "app", "{message}"),
            _ => tracing::warn!(target: "web", "{message}"),
        }
    }
    tracing::info!(target: "app", what = "disk 2", "is full, too");
    assert_eq!(expected.count(), 2);
    drop(expected);
    tracing::info!(target: "app", "disk 3");
    assert_eq!(log.take(), ["WARN app going on", "WARN web disk", "INFO app disk 3"]);
}

#[test]
fn what_is_expected_and_does_not_come_is_a_failure() {
    assert_eq!(
        panic_of(|| drop(ExpectLog::new("app", "disk"))),
        "nobody has logged a record of app with \"disk\""
    );
    let of_another_level = || {
        let _expected =
            ExpectLog::new("app", |text: &str| text.ends_with("full")).level(Level::ERROR);
        tracing::warn!(target: "app", "disk is full");
    };
    assert_eq!(panic_of(of_another_level), "nobody has logged a record of app");
    drop(ExpectLog::new("app", "disk").optional());
    // The test's own failure is more important.
    let failing = || {
        let _expected = ExpectLog::new("app", "disk");
        panic!("{}", "the test's own");
    };
    assert_eq!(panic_of(failing), "the test's own");
}

#[test]
fn expectations_may_be_nested() {
    let outer = ExpectLog::new("app", "disk");
    let inner = ExpectLog::new("app", String::from("disk is full"));
    tracing::warn!(target: "app", "disk is full");
    tracing::warn!(target: "app", "disk is slow");
    assert_eq!((outer.count(), inner.count()), (1, 1));
}

#[test]
fn what_nobody_expects_can_be_a_failure() {
    let quiet = || {
        let _quiet = ExpectLog::nothing(Level::WARN);
        let _expected = ExpectLog::new("app", "expected");
        tracing::info!(target: "app", "small");
        tracing::error!(target: "app", "expected");
    };
    quiet();
    let log = Log::capture();
    let loud = || {
        let _quiet = ExpectLog::nothing(Level::WARN);
        quiet();
        tracing::warn!(target: "app", disk = 7, "full");
    };
    assert_eq!(panic_of(loud), "nobody has expected in the log:\n  WARN app full disk=7");
    // It is in the log all the same.
    assert_eq!(log.take(), ["INFO app small", "WARN app full"]);
}

#[test]
fn spans_go_to_who_had_them_before() {
    let _log = Log::capture();
    let _expected = ExpectLog::new("app", "").optional();
    // Nobody wants it, so it is no span at all.
    let span = tracing::info_span!(target: "app", "span");
    assert!(span.is_disabled());
    let _entered = span.enter();
}

#[gustnado::test]
async fn a_panic_that_is_expected_does_not_fail_the_test() {
    let callback = ExpectLog::new("gustnado.application", "Exception in callback");
    IOLoop::current().add_callback(|| panic!("on purpose"));
    let task = ExpectLog::new("gustnado.application", "Exception in task");
    drop(spawn(async { panic!("on purpose") }));
    moment().await;
    assert_eq!((callback.count(), task.count()), (1, 1));
}

#[gustnado::test]
#[should_panic(expected = "by accident")]
async fn a_panic_after_one_that_was_expected_still_fails_the_test() {
    let expected = ExpectLog::new("gustnado.application", "on purpose");
    let task = spawn(async { panic!("on purpose") });
    assert!(task.await.is_err());
    drop(expected);
    IOLoop::current().add_callback(|| panic!("by accident"));
    moment().await;
}
