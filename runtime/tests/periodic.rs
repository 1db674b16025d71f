//! `PeriodicCallback`, under the names of Tornado's tests where it has them. What needs no loop, the grid, is tested beside its code.

use gustnado::coroutine::{PeriodicCallback, moment, sleep};
use gustnado::ioloop::IOLoop;
use gustnado_tests::log::Lines;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

const PERIOD: Duration = Duration::from_millis(2);

fn run<F: Future>(test: F) -> F::Output {
    let io_loop = IOLoop::new().unwrap();
    let output = io_loop.run_sync_within(Duration::from_secs(10), test).unwrap();
    io_loop.close();
    output
}

/// Something to count with, and what waits until it has been counted so far.
#[derive(Clone, Default)]
struct Count(Rc<Cell<u32>>);

impl Count {
    fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    async fn reaches(&self, number: u32) {
        while self.0.get() < number {
            sleep(Duration::from_micros(100)).await;
        }
    }
}

#[test]
fn functions_and_coroutines_with_and_without_results_can_be_called() {
    fn function() {}
    async fn coroutine() {}
    run(async {
        let count = Count::default();
        let counted = || count.clone();
        let all = [
            PeriodicCallback::new(function, PERIOD),
            PeriodicCallback::new(coroutine, PERIOD),
            PeriodicCallback::new(
                {
                    let count = counted();
                    move || count.add()
                },
                PERIOD,
            ),
            PeriodicCallback::new(
                {
                    let count = counted();
                    move || {
                        count.add();
                        Ok::<(), std::io::Error>(())
                    }
                },
                PERIOD,
            ),
            PeriodicCallback::new(
                {
                    let count = counted();
                    move || {
                        let count = count.clone();
                        async move { count.add() }
                    }
                },
                PERIOD,
            ),
            PeriodicCallback::new(
                {
                    let count = counted();
                    // Borrows what it has captured, and changes it.
                    let mut own = 0;
                    async move || {
                        own += 1;
                        moment().await;
                        count.add();
                        if own == 0 { Err("never") } else { Ok(()) }
                    }
                },
                PERIOD,
            ),
        ];
        for one in &all {
            assert!(!one.is_running());
            one.start();
            assert!(one.is_running());
        }
        count.reaches(4 * 3).await;
    });
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

#[test]
fn the_first_call_comes_after_one_period() {
    run(async {
        let count = Count::default();
        let counted = count.clone();
        let hourly = PeriodicCallback::new(move || counted.add(), Duration::from_secs(3600));
        hourly.start();
        sleep(PERIOD).await;
        assert_eq!(count.0.get(), 0);
    });
}

#[test]
fn stopped_or_dropped_it_calls_no_more() {
    run(async {
        let count = Count::default();
        let ticking = || {
            let count = count.clone();
            let callback = PeriodicCallback::new(move || count.add(), PERIOD);
            callback.start();
            callback
        };
        let stopped = ticking();
        count.reaches(2).await;
        stopped.stop();
        assert!(!stopped.is_running());
        let dropped = ticking();
        count.reaches(4).await;
        drop(dropped);
        let before = count.0.get();
        sleep(10 * PERIOD).await;
        assert_eq!(count.0.get(), before);
        // It may be started again, also twice.
        stopped.start();
        stopped.start();
        count.reaches(before + 2).await;
    });
}

#[test]
fn detached_it_goes_on_and_ends_with_its_loop() {
    let count = Count::default();
    let counted = count.clone();
    run(async move {
        let callback = PeriodicCallback::new(move || counted.add(), PERIOD);
        callback.start();
        callback.detach();
    });
    // The loop that it was started on was closed, and nothing else refers to what it has captured.
    assert_eq!(Rc::strong_count(&count.0), 1);
    let counted = count.clone();
    run(async move {
        let callback = PeriodicCallback::new(move || counted.add(), PERIOD);
        callback.start();
        callback.detach();
        count.reaches(3).await;
    });
}

#[test]
fn a_call_that_is_running_is_not_interrupted_by_stop() {
    run(async {
        let (begun, ended) = (Count::default(), Count::default());
        let callback = PeriodicCallback::new(
            {
                let (begun, ended) = (begun.clone(), ended.clone());
                async move || {
                    begun.add();
                    sleep(4 * PERIOD).await;
                    ended.add();
                }
            },
            PERIOD,
        );
        callback.start();
        begun.reaches(1).await;
        callback.stop();
        ended.reaches(1).await;
        sleep(4 * PERIOD).await;
        assert_eq!((begun.0.get(), ended.0.get()), (1, 1));
        // Started again while one is running: still one at a time.
        callback.start();
        begun.reaches(2).await;
        callback.stop();
        callback.start();
        assert_eq!(ended.0.get(), 1);
        begun.reaches(3).await;
        assert_eq!(ended.0.get(), 2);
    });
}

#[test]
fn it_may_stop_and_drop_itself() {
    run(async {
        let place = Rc::new(RefCell::new(None::<PeriodicCallback>));
        for how in ["stop", "drop"] {
            let count = Count::default();
            let callback = PeriodicCallback::new(
                {
                    let (place, count) = (place.clone(), count.clone());
                    move || {
                        count.add();
                        match how {
                            "stop" => place.borrow().as_ref().unwrap().stop(),
                            _ => drop(place.take()),
                        }
                    }
                },
                PERIOD,
            );
            callback.start();
            *place.borrow_mut() = Some(callback);
            count.reaches(1).await;
            sleep(4 * PERIOD).await;
            assert_eq!(count.0.get(), 1, "{how}");
        }
        assert!(place.borrow().is_none());
    });
}

#[test]
fn a_call_that_is_longer_than_the_period_leaves_slots_out_and_never_overlaps() {
    run(async {
        let running = Rc::new(Cell::new(false));
        let count = Count::default();
        let waits = PeriodicCallback::new(
            {
                let (running, count) = (running.clone(), count.clone());
                async move || {
                    assert!(!running.replace(true));
                    sleep(PERIOD * 5 / 2).await;
                    running.set(false);
                    count.add();
                }
            },
            PERIOD,
        );
        waits.start();
        count.reaches(4).await;
        drop(waits);

        // One that keeps the loop busy, too: the clock that counts is not the one that stands still during a turn.
        let begins = Rc::new(RefCell::new(Vec::new()));
        let blocks = PeriodicCallback::new(
            {
                let (begins, count) = (begins.clone(), count.clone());
                move || {
                    begins.borrow_mut().push(IOLoop::current().time());
                    std::thread::sleep(PERIOD * 5 / 2);
                    count.add();
                }
            },
            PERIOD,
        );
        blocks.start();
        count.reaches(8).await;
        let begins = begins.borrow();
        assert!(begins.windows(2).all(|pair| pair[1] - pair[0] >= PERIOD * 5 / 2), "{begins:?}");
    });
}

#[test]
fn errors_and_panics_are_logged_and_the_calls_go_on() {
    let (lines, _guard) = Lines::capture();
    run(async {
        let count = Count::default();
        let counted = || count.clone();
        let one = counted();
        let panics = PeriodicCallback::new(
            move || {
                one.add();
                if one.0.get() < 4 {
                    panic!("as it must");
                }
            },
            PERIOD,
        );
        panics.start();
        count.reaches(5).await;
        drop(panics);

        let one = counted();
        let fails = PeriodicCallback::new(
            async move || {
                one.add();
                moment().await;
                Err::<(), _>(std::io::Error::other("the database is gone"))
            },
            PERIOD,
        );
        fails.start();
        count.reaches(8).await;
        drop(fails);

        let one = counted();
        let panics = PeriodicCallback::new(
            async move || {
                one.add();
                moment().await;
                assert!(one.0.get() > 10, "not yet");
            },
            PERIOD,
        );
        panics.start();
        count.reaches(12).await;
    });
    let place = format!("({}:", file!());
    assert_eq!(lines.count(": as it must"), 3);
    assert!(lines.count(": the database is gone") >= 2);
    assert!(lines.count(": not yet") >= 1);
    assert_eq!(
        lines.count("ERROR gustnado.application Exception in callback "),
        lines.count(&place)
    );
}
