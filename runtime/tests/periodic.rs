//! `PeriodicCallback`, under the names of Tornado's tests where it has them, in simulated time. What needs no loop is tested beside
//! its code: `test_basic`, `test_clock_backwards`.
//!
//! What Rust's types make impossible, and has no test therefore: `test_timedelta`, as there are no milliseconds without a unit.

use gustnado::coroutine::{PeriodicCallback, moment, sleep};
use gustnado::ioloop::IOLoop;
use gustnado::testing::Log;
use gustnado::testing::Simulation;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

const PERIOD: Duration = Duration::from_secs(10);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// When something has happened, since the beginning of the world.
#[derive(Clone, Default)]
struct Times(Rc<RefCell<Vec<Duration>>>);

impl Times {
    fn note(&self) {
        self.0.borrow_mut().push(Simulation::current().elapsed());
    }

    fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// What was noted since the last look.
    #[track_caller]
    fn expect(&self, expected: impl IntoIterator<Item = u64>) {
        assert_eq!(self.0.take(), expected.into_iter().map(seconds).collect::<Vec<_>>());
    }
}

#[gustnado::test(simulated)]
async fn functions_and_coroutines_with_and_without_results_can_be_called() {
    fn function() {}
    async fn coroutine() {}

    let [one, two, three, four] = [(); 4].map(|()| Times::default());
    let noted = [&one, &two, &three, &four].map(Clone::clone);
    let callbacks = [
        PeriodicCallback::new(function, PERIOD),
        PeriodicCallback::new(coroutine, PERIOD),
        PeriodicCallback::new(move || one.note(), PERIOD),
        PeriodicCallback::new(
            move || {
                two.note();
                Ok::<(), std::io::Error>(())
            },
            PERIOD,
        ),
        PeriodicCallback::new(
            move || {
                let three = three.clone();
                async move { three.note() }
            },
            PERIOD,
        ),
        PeriodicCallback::new(
            {
                // Borrows what it has captured, and changes it.
                let mut calls = 0;
                async move || {
                    calls += 1;
                    moment().await;
                    four.note();
                    if calls == 0 { Err("never") } else { Ok(()) }
                }
            },
            PERIOD,
        ),
    ];
    for callback in &callbacks {
        assert!(!callback.is_running());
        callback.start();
        assert!(callback.is_running());
    }
    sleep(seconds(35)).await;
    for times in noted {
        times.expect([10, 20, 30]);
    }
}

#[test]
fn test_zero() {
    for period in [0, 1] {
        let period = Duration::from_nanos(period);
        let made = catch_unwind(|| PeriodicCallback::new(|| {}, period));
        assert_eq!(made.is_err(), period.is_zero());
    }
    for jitter in [-0.1, 1.1, f64::NAN] {
        let made = AssertUnwindSafe(|| PeriodicCallback::new(|| {}, PERIOD).jitter(jitter));
        assert!(catch_unwind(made).is_err(), "{jitter}");
    }
}

#[gustnado::test(simulated)]
async fn test_overrun() {
    sleep(seconds(1000)).await;
    let times = Times::default();
    let callback = PeriodicCallback::new(
        {
            let times = times.clone();
            let mut durations = [9, 9, 10, 11, 20, 20, 35, 35, 0, 0, 0].into_iter();
            async move || {
                times.note();
                sleep(seconds(durations.next().unwrap())).await;
            }
        },
        PERIOD,
    );
    callback.start();
    sleep(seconds(235)).await;
    times.expect([1010, 1020, 1030, 1050, 1070, 1100, 1130, 1170, 1210, 1220, 1230]);
}

#[gustnado::test(simulated, seeds = 50)]
async fn test_jitter() {
    const CALLS: usize = 100;
    let times = Times::default();
    let noted = times.clone();
    let callback = PeriodicCallback::new(move || noted.note(), PERIOD).jitter(0.5);
    callback.start();
    while times.count() < CALLS {
        sleep(PERIOD).await;
    }
    let times = times.0.take();
    let periods = || times.windows(2).map(|pair| pair[1] - pair[0]);
    let (shortest, longest) = (Duration::from_millis(7_500), Duration::from_millis(12_500));
    assert!((shortest..=longest).contains(&times[0]));
    assert!(periods().all(|period| (shortest..=longest).contains(&period)), "{times:?}");
    assert!(periods().any(|period| period < seconds(9)), "{times:?}");
    assert!(periods().any(|period| period > seconds(11)), "{times:?}");
}

#[gustnado::test(simulated)]
async fn stopped_or_dropped_it_calls_no_more_and_started_again_it_lays_another_grid() {
    let times = Times::default();
    let ticking = || {
        let times = times.clone();
        let callback = PeriodicCallback::new(move || times.note(), PERIOD);
        callback.start();
        callback
    };
    let callback = ticking();
    sleep(seconds(25)).await;
    callback.stop();
    assert!(!callback.is_running());
    sleep(seconds(18)).await;
    // At 43 seconds; the second start is none.
    callback.start();
    sleep(seconds(3)).await;
    callback.start();
    sleep(seconds(10)).await;
    times.expect([10, 20, 53]);

    drop(callback);
    drop(ticking());
    sleep(seconds(100)).await;
    times.expect([]);
}

#[gustnado::test(simulated)]
async fn detached_it_goes_on() {
    let times = Times::default();
    let noted = times.clone();
    let callback = PeriodicCallback::new(move || noted.note(), PERIOD);
    callback.start();
    callback.detach();
    sleep(seconds(25)).await;
    times.expect([10, 20]);
}

#[test]
fn it_ends_with_its_loop() {
    let times = Times::default();
    let noted = times.clone();
    let run = Simulation::run(7, async move || {
        let callback = PeriodicCallback::new(move || noted.note(), PERIOD);
        callback.start();
        callback.detach();
        sleep(seconds(15)).await;
    });
    run.unwrap();
    times.expect([10]);
    // Nothing refers any more to what it has captured.
    assert_eq!(Rc::strong_count(&times.0), 1);
}

#[gustnado::test(simulated)]
async fn a_call_that_is_running_is_not_interrupted_and_never_two_run() {
    let (begun, ended) = (Times::default(), Times::default());
    let callback = PeriodicCallback::new(
        {
            let (begun, ended) = (begun.clone(), ended.clone());
            async move || {
                begun.note();
                sleep(seconds(25)).await;
                ended.note();
            }
        },
        PERIOD,
    );
    callback.start();
    sleep(seconds(12)).await;
    callback.stop();
    sleep(seconds(30)).await;
    begun.expect([10]);
    ended.expect([35]);

    // At 42 seconds. The second grid is laid at 57, while the call of 52 is running, until 77.
    callback.start();
    sleep(seconds(15)).await;
    callback.stop();
    callback.start();
    sleep(seconds(40)).await;
    begun.expect([52, 77]);
    ended.expect([77]);
}

#[gustnado::test(simulated)]
async fn it_may_stop_and_drop_itself() {
    let place = Rc::new(RefCell::new(None::<PeriodicCallback>));
    for drops in [false, true] {
        let count = Rc::new(Cell::new(0));
        let callback = PeriodicCallback::new(
            {
                let (place, count) = (place.clone(), count.clone());
                move || {
                    count.set(count.get() + 1);
                    if drops {
                        drop(place.take());
                    } else {
                        place.borrow().as_ref().unwrap().stop();
                    }
                }
            },
            PERIOD,
        );
        callback.start();
        *place.borrow_mut() = Some(callback);
        sleep(seconds(100)).await;
        assert_eq!((count.get(), place.borrow().is_none()), (1, drops));
    }
}

/// The clock that counts is not the one that stands still during a turn, so this needs a real one.
#[gustnado::test]
async fn a_call_that_keeps_the_loop_busy_leaves_slots_out_too() {
    const PERIOD: Duration = Duration::from_millis(2);
    let begins = Rc::new(RefCell::new(Vec::new()));
    let noted = begins.clone();
    let callback = PeriodicCallback::new(
        move || {
            noted.borrow_mut().push(IOLoop::current().time());
            std::thread::sleep(PERIOD * 5 / 2);
        },
        PERIOD,
    );
    callback.start();
    while begins.borrow().len() < 5 {
        sleep(PERIOD).await;
    }
    // Of a turn that begins in the middle of nowhere there is none, however late the machine is.
    let begins = begins.borrow();
    assert!(begins.windows(2).all(|pair| pair[1] - pair[0] >= PERIOD * 5 / 2), "{begins:?}");
}

#[gustnado::test(simulated)]
async fn errors_and_panics_are_logged_and_the_calls_go_on() {
    let log = Log::capture();
    let panics = PeriodicCallback::new(|| assert_eq!(1 + 1, 3, "as it must"), PERIOD);
    let fails = PeriodicCallback::new(
        async || {
            moment().await;
            Err::<(), _>(std::io::Error::other("the database is gone"))
        },
        PERIOD,
    );
    let panics_later = PeriodicCallback::new(
        async || {
            sleep(seconds(1)).await;
            assert!(Simulation::current().elapsed() > seconds(30), "not yet");
        },
        PERIOD,
    );
    for callback in [&panics, &fails, &panics_later] {
        callback.start();
    }
    sleep(seconds(55)).await;
    assert_eq!(log.count(": the database is gone"), 5);
    assert_eq!(log.count(": not yet"), 2);
    assert_eq!(log.count("as it must"), 5);
    let place = format!("({}:", file!());
    let lines = log.take();
    let is_ours = |line: &String| {
        line.starts_with("ERROR gustnado.application Exception in callback ")
            && line.contains(&place)
    };
    assert!(lines.len() == 12 && lines.iter().all(is_ours), "{lines:?}");
}
