//! The watchdog names who holds a loop. Its thread logs, too, so all of it is one test binary with one log.

use gustnado::coroutine::{moment, sleep};
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::testing::Log;
use gustnado_tests::eventually;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The log of the process, for one test at a time.
fn log() -> (Log, MutexGuard<'static, ()>) {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let log = Log::of_process();
    log.take();
    (log, turn)
}

/// A loop that is watched, and its warnings while a coroutine runs.
fn warnings<F: Future<Output = ()> + 'static>(
    threshold: Duration,
    run: impl FnOnce(IOLoop) -> F,
) -> Vec<String> {
    let (log, _turn) = log();
    let io_loop = IOLoop::new().unwrap();
    io_loop.set_blocking_log_threshold(threshold);
    assert_eq!(io_loop.blocking_log_threshold(), Some(threshold));
    let task = spawn(run(io_loop.clone()));
    io_loop.run_sync(task).unwrap().unwrap();
    io_loop.close();
    log.take()
}

/// What counts as holding a loop, and much more than that, so that a busy machine's watchdog still sees it.
const THRESHOLD: Duration = milliseconds(50);

fn hold() {
    std::thread::sleep(milliseconds(300));
}

const fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[track_caller]
fn assert_named(warnings: &[String], what: &str, line: u32) {
    let named = |warning: &&String| {
        warning.contains(what) && warning.contains(&format!("watchdog.rs:{line}:"))
    };
    let found: Vec<_> = warnings.iter().filter(named).collect();
    assert_eq!(found.len(), 1, "{warnings:?}");
    let seconds = found[0].strip_prefix("WARN gustnado.general IOLoop blocked for ").unwrap();
    let seconds: f64 = seconds.split(' ').next().unwrap().parse().unwrap();
    assert!(seconds >= THRESHOLD.as_secs_f64(), "{seconds}");
}

#[test]
fn a_task_that_holds_the_loop_is_named() {
    let line = line!() + 2;
    let warnings = warnings(THRESHOLD, |_| async {
        spawn(async { hold() }).await.unwrap();
    });
    assert_named(&warnings, "by task watchdog::a_task_that_holds", line);
}

#[test]
fn a_callback_that_holds_the_loop_is_named() {
    let line = line!() + 2;
    let warnings = warnings(THRESHOLD, |io_loop| async move {
        io_loop.add_callback(hold);
        sleep(milliseconds(1)).await;
    });
    assert_named(&warnings, "by callback watchdog::hold", line);
}

#[test]
fn a_timeout_that_holds_the_loop_is_named() {
    let line = line!() + 2;
    let warnings = warnings(THRESHOLD, |io_loop| async move {
        io_loop.call_later(milliseconds(1), hold);
        sleep(milliseconds(2)).await;
    });
    assert_named(&warnings, "by callback watchdog::hold", line);
}

#[test]
fn what_a_handle_brings_is_named_by_the_place_of_its_sender() {
    let line = line!() + 3;
    let warnings = warnings(THRESHOLD, |io_loop| async move {
        let handle = io_loop.handle();
        std::thread::spawn(move || handle.add_callback(hold)).join().unwrap();
        sleep(milliseconds(1)).await;
    });
    assert_named(&warnings, "by callback watchdog::hold", line);
}

#[test]
fn the_coroutine_of_run_sync_is_named() {
    let (log, _turn) = log();
    let io_loop = IOLoop::new().unwrap();
    io_loop.set_blocking_log_threshold(THRESHOLD);
    let line = line!() + 1;
    io_loop.run_sync(async { hold() }).unwrap();
    io_loop.close();
    assert_named(&log.take(), "by coroutine watchdog::the_coroutine", line);
}

#[test]
fn a_long_task_that_lets_others_have_their_turn_holds_nothing() {
    let warnings = warnings(milliseconds(400), |_| async {
        let begin = Instant::now();
        while begin.elapsed() < milliseconds(800) {
            moment().await;
        }
    });
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn a_loop_that_waits_is_not_held() {
    let warnings = warnings(THRESHOLD, |_| sleep(milliseconds(300)));
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn a_loop_that_does_not_run_is_not_held() {
    let (log, _turn) = log();
    let io_loop = IOLoop::new().unwrap();
    io_loop.set_blocking_log_threshold(THRESHOLD);
    hold();
    io_loop.run_sync(async {}).unwrap();
    hold();
    io_loop.run_sync(async {}).unwrap();
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn who_is_not_watched_any_more_is_not_reported() {
    let (log, _turn) = log();
    let io_loop = IOLoop::new().unwrap();
    io_loop.set_blocking_log_threshold(THRESHOLD);
    io_loop.set_blocking_log_threshold(None);
    assert_eq!(io_loop.blocking_log_threshold(), None);
    io_loop.run_sync(async { hold() }).unwrap();
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn a_loop_that_does_not_come_back_is_reported_while_it_is_away() {
    let (log, _turn) = log();
    let seen = log.clone();
    let thread = std::thread::Builder::new().name("stuck".into()).spawn(move || {
        let io_loop = IOLoop::new().unwrap();
        io_loop.set_blocking_log_threshold(THRESHOLD);
        io_loop.run_sync(async {
            eventually("the report", || seen.count("(thread stuck) has been blocked for 1.") == 1);
        })
    });
    thread.unwrap().join().unwrap().unwrap();
    let lines = log.take();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[1].contains("by coroutine watchdog::a_loop_that_does_not_come_back"),
        "{lines:?}"
    );
}

/// Whether the watchdog's thread lives.
fn is_guarded() -> bool {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks.flatten().any(|task| {
        std::fs::read_to_string(task.path().join("comm"))
            .is_ok_and(|name| name.trim() == "gustnado-watch")
    })
}

#[test]
fn the_watchdog_lives_as_long_as_the_loops_that_are_watched() {
    let (_lines, _turn) = log();
    let first = IOLoop::new().unwrap();
    let second = IOLoop::new().unwrap();
    eventually("none is watched", || !is_guarded());
    first.set_blocking_log_threshold(Duration::from_secs(60));
    second.set_blocking_log_threshold(Duration::from_secs(60));
    eventually("the watchdog starts", is_guarded);
    first.close();
    assert!(is_guarded());
    drop(second);
    eventually("the watchdog ends", || !is_guarded());
}
