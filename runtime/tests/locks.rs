//! The behaviours of `tornado.locks`, under the names of Tornado's tests, and what happens to those who give up, against models.
//!
//! What Rust's types make impossible, and has no test therefore:
//!
//! - `test_value_error`, negative values: a `usize` has none.
//! - `test_context_manager_misuse`, a plain `with`: there is no guard without `.await` or `try_acquire`.
//! - `test_release_unacquired` of `Lock`: only a guard releases.
//! - `test_garbage_collection`: whoever gives up leaves at once (`waiters`, the_slots_of_those_who_left_are_used_again).

mod model;

use gustnado::coroutine::{moment, sleep};
use gustnado::ioloop::{IOLoop, JoinHandle, spawn};
use gustnado::locks::{BoundedSemaphore, Condition, Event, Lock, Permit, Semaphore};
use model::{Dice, Waiter};
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_millis(5);
const LATE: Duration = Duration::from_secs(10);

fn run<F: Future>(test: F) -> F::Output {
    IOLoop::new().unwrap().run_sync(test).unwrap()
}

/// A task that waits and then writes its name down.
fn record(history: &Rc<RefCell<Vec<&'static str>>>, name: &'static str, condition: &Rc<Condition>) {
    let (history, condition) = (history.clone(), condition.clone());
    spawn(async move {
        condition.wait().await;
        history.borrow_mut().push(name);
    });
}

mod condition {
    use super::*;

    #[test]
    fn test_repr() {
        let condition = Condition::new();
        assert_eq!(format!("{condition:?}"), "Condition(0 waiting)");
        let _wait = condition.wait();
        assert_eq!(format!("{condition:?}"), "Condition(1 waiting)");
    }

    #[test]
    fn test_notify() {
        let condition = Condition::new();
        let mut wait = Waiter::new(condition.wait());
        assert!(wait.waits());
        condition.notify(1);
        assert_eq!(wait.now(), Some(()));
    }

    #[test]
    fn test_notify_before_the_first_poll() {
        let condition = Condition::new();
        let mut wait = Waiter::new(condition.wait());
        condition.notify(1);
        assert_eq!(wait.now(), Some(()));
    }

    #[test]
    fn test_notify_nobody() {
        let condition = Condition::new();
        condition.notify(1);
        condition.notify_all();
        assert!(Waiter::new(condition.wait()).waits(), "a notification is not kept");
    }

    #[test]
    fn test_notify_1() {
        run(async {
            let (condition, history) = (Rc::new(Condition::new()), Rc::default());
            record(&history, "wait1", &condition);
            record(&history, "wait2", &condition);
            moment().await;
            condition.notify(1);
            history.borrow_mut().push("notify1");
            moment().await;
            condition.notify(1);
            history.borrow_mut().push("notify2");
            moment().await;
            assert_eq!(*history.borrow(), ["notify1", "wait1", "notify2", "wait2"]);
        });
    }

    #[test]
    fn test_notify_n() {
        run(async {
            let (condition, history) = (Rc::new(Condition::new()), Rc::default());
            for name in ["0", "1", "2", "3", "4", "5"] {
                record(&history, name, &condition);
            }
            moment().await;
            condition.notify(3);
            moment().await;
            assert_eq!(*history.borrow(), ["0", "1", "2"]);
            condition.notify(1);
            moment().await;
            assert_eq!(*history.borrow(), ["0", "1", "2", "3"]);
            condition.notify(usize::MAX);
            moment().await;
            assert_eq!(*history.borrow(), ["0", "1", "2", "3", "4", "5"]);
        });
    }

    #[test]
    fn test_notify_all() {
        run(async {
            let (condition, history) = (Rc::new(Condition::new()), Rc::default());
            for _ in 0..4 {
                record(&history, "wait", &condition);
            }
            moment().await;
            condition.notify_all();
            history.borrow_mut().push("notify_all");
            moment().await;
            assert_eq!(*history.borrow(), ["notify_all", "wait", "wait", "wait", "wait"]);
        });
    }

    #[test]
    fn test_wait_timeout() {
        run(async {
            let condition = Condition::new();
            assert!(!condition.wait_until(SOON).await);
            assert!(!condition.wait_until(Instant::now() + SOON).await);
            assert!(!condition.wait_until(Instant::now()).await);
            assert_eq!(format!("{condition:?}"), "Condition(0 waiting)");
        });
    }

    #[test]
    fn test_wait_timeout_preempted() {
        run(async {
            let condition = Rc::new(Condition::new());
            let notifier = condition.clone();
            let io_loop = IOLoop::current();
            let timeout = io_loop.call_later(SOON, move || notifier.notify(1));
            assert!(condition.wait_until(LATE).await);
            io_loop.remove_timeout(timeout);
        });
    }

    #[test]
    fn test_notify_n_with_timeout() {
        run(async {
            let condition = Rc::new(Condition::new());
            let limits = [LATE, SOON, LATE, LATE];
            let waiters = limits.map(|limit| {
                let condition = condition.clone();
                spawn(async move { condition.wait_until(limit).await })
            });
            sleep(SOON * 2).await;
            assert!(waiters[1].is_finished(), "it timed out");
            condition.notify(2);
            moment().await;
            assert_eq!(
                waiters.each_ref().map(JoinHandle::is_finished),
                [true, true, true, false],
                "the second one did not swallow a notification"
            );
            condition.notify(1);
            let mut results = Vec::new();
            for waiter in waiters {
                results.push(waiter.await.unwrap());
            }
            assert_eq!(results, [true, false, true, true]);
        });
    }

    #[test]
    fn test_notify_all_with_timeout() {
        run(async {
            let condition = Rc::new(Condition::new());
            let waiters = [LATE, SOON, LATE].map(|limit| {
                let condition = condition.clone();
                spawn(async move { condition.wait_until(limit).await })
            });
            sleep(SOON * 2).await;
            condition.notify_all();
            let mut results = Vec::new();
            for waiter in waiters {
                results.push(waiter.await.unwrap());
            }
            assert_eq!(results, [true, false, true]);
        });
    }

    #[test]
    fn test_nested_notify() {
        run(async {
            let condition = Rc::new(Condition::new());
            let again = condition.clone();
            let task = spawn(async move {
                again.wait().await;
                again.notify_all();
                again.wait().await;
            });
            moment().await;
            condition.notify_all();
            for _ in 0..3 {
                moment().await;
            }
            assert!(!task.is_finished(), "its second wait came after the notifications");
            condition.notify(1);
            task.await.unwrap();
        });
    }

    #[test]
    fn a_notification_whose_receiver_is_dropped_goes_to_the_next() {
        let condition = Condition::new();
        let [mut first, mut second] = [(); 2].map(|()| Waiter::new(condition.wait()));
        assert!(first.waits() && second.waits());
        condition.notify(1);
        let mut third = Waiter::new(condition.wait());
        drop(first);
        assert_eq!(second.now(), Some(()));
        let mut fourth = Waiter::new(condition.wait());
        condition.notify(1);
        drop(third);
        assert_eq!(fourth.now(), Some(()));
        let fifth = Waiter::new(condition.wait());
        condition.notify(1);
        let mut sixth = Waiter::new(condition.wait());
        drop(fifth);
        assert!(sixth.waits(), "it came after the notification");
        third = Waiter::new(condition.wait());
        condition.notify_all();
        assert!(sixth.now().is_some() && third.now().is_some());
    }
}

mod event {
    use super::*;

    #[test]
    fn test_repr() {
        let event = Event::new();
        assert!(format!("{event:?}").contains("false"));
        event.set();
        assert!(format!("{event:?}").contains("true"));
    }

    #[test]
    fn test_event() {
        let event = Event::new();
        let mut waits = [(); 3].map(|()| Waiter::new(event.wait()));
        assert!(waits.iter_mut().all(Waiter::waits));
        event.set();
        assert!(waits.iter_mut().all(|wait| wait.now().is_some()));
        assert!(Waiter::new(event.wait()).now().is_some(), "it is set");
        assert!(event.is_set());
    }

    #[test]
    fn test_event_clear() {
        let event = Event::new();
        let mut before = Waiter::new(event.wait());
        assert!(before.waits());
        event.set();
        event.clear();
        assert!(!event.is_set());
        let mut after = Waiter::new(event.wait());
        assert!(before.now().is_some(), "clearing does not un-wake");
        assert!(after.waits());
        event.set();
        assert!(after.now().is_some());
    }

    #[test]
    fn test_event_timeout() {
        run(async {
            let event = Rc::new(Event::new());
            assert_eq!(event.wait_until(SOON).await.unwrap_err().to_string(), "Timeout");
            let setter = event.clone();
            IOLoop::current().call_later(SOON, move || setter.set());
            event.wait_until(LATE).await.unwrap();
        });
    }

    #[test]
    fn test_event_set_multiple() {
        let event = Event::new();
        event.set();
        event.set();
        assert!(event.is_set());
    }

    #[test]
    fn test_event_wait_clear() {
        let event = Event::new();
        let mut first = Waiter::new(event.wait());
        event.clear();
        let mut second = Waiter::new(event.wait());
        event.set();
        assert!(first.now().is_some() && second.now().is_some());
    }
}

mod semaphore {
    use super::*;

    #[test]
    fn test_repr() {
        let semaphore = Semaphore::default();
        assert_eq!(format!("{semaphore:?}"), "Semaphore(1, 0 waiting)");
        let permit = semaphore.try_acquire();
        let mut wait = Waiter::new(semaphore.acquire());
        assert!(wait.waits());
        assert_eq!(format!("{semaphore:?}"), "Semaphore(0, 1 waiting)");
        drop(permit);
    }

    #[test]
    fn test_acquire() {
        let semaphore = Semaphore::new(1);
        let first = Waiter::new(semaphore.acquire()).now();
        assert!(first.is_some());
        let mut second = Waiter::new(semaphore.acquire());
        let mut third = Waiter::new(semaphore.acquire());
        assert!(second.waits() && third.waits());
        semaphore.release();
        assert!(third.waits(), "first come, first served");
        let second = second.now();
        semaphore.release();
        assert!(third.now().is_some());
        drop((first, second));
    }

    #[test]
    fn test_acquire_timeout() {
        run(async {
            let semaphore = Semaphore::new(2);
            semaphore.acquire().await.forget();
            semaphore.acquire().await.forget();
            assert!(semaphore.acquire_within(SOON).await.is_err());
            let mut wait = Waiter::new(semaphore.acquire());
            assert!(wait.waits());
            semaphore.release();
            assert!(wait.now().is_some(), "the one that timed out took nothing");
            assert!(semaphore.acquire_within(Instant::now()).await.is_ok(), "never late");
            let _kept = {
                let permit = semaphore.acquire().await;
                let mut late = Waiter::new(semaphore.acquire_within(SOON));
                assert!(late.waits());
                sleep(SOON * 2).await;
                assert!(late.now().unwrap().is_err());
                drop(permit);
                late
            };
            assert_eq!(semaphore.available(), 1, "it left the line, although it was kept");
        });
    }

    #[test]
    fn test_acquire_timeout_preempted() {
        run(async {
            let semaphore = Rc::new(Semaphore::new(1));
            semaphore.acquire().await.forget();
            let releaser = semaphore.clone();
            IOLoop::current().call_later(SOON, move || releaser.release());
            assert!(semaphore.acquire_within(LATE).await.is_ok());
        });
    }

    #[test]
    fn test_release_unacquired() {
        let semaphore = Semaphore::default();
        semaphore.release();
        semaphore.release();
        assert_eq!(semaphore.available(), 3);
    }

    #[test]
    fn test_context_manager() {
        run(async {
            let semaphore = Semaphore::default();
            {
                let _permit = semaphore.acquire().await;
                assert_eq!(semaphore.available(), 0);
            }
            assert_eq!(semaphore.available(), 1);
        });
    }

    #[test]
    fn test_context_manager_exception() {
        run(async {
            let semaphore = Rc::new(Semaphore::default());
            let panicking = semaphore.clone();
            let task = spawn(async move {
                let _permit = panicking.acquire().await;
                panic!("while it holds a permit");
            });
            assert!(task.await.is_err());
            assert_eq!(semaphore.available(), 1);
        });
    }

    #[test]
    fn test_context_manager_timeout_error() {
        run(async {
            let semaphore = Semaphore::new(0);
            assert!(semaphore.acquire_within(SOON).await.is_err());
            assert_eq!(semaphore.available(), 0);
        });
    }

    #[test]
    fn test_context_manager_contended() {
        run(async {
            let semaphore = Rc::new(Semaphore::default());
            let history = Rc::new(RefCell::new(Vec::new()));
            let tasks: Vec<_> = (0..4)
                .map(|number| {
                    let (semaphore, history) = (semaphore.clone(), history.clone());
                    spawn(async move {
                        let _permit = semaphore.acquire().await;
                        history.borrow_mut().push(("acquired", number));
                        moment().await;
                        history.borrow_mut().push(("release", number));
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            let expected: Vec<_> =
                (0..4).flat_map(|number| [("acquired", number), ("release", number)]).collect();
            assert_eq!(*history.borrow(), expected);
        });
    }

    #[test]
    fn nobody_pushes_in() {
        let semaphore = Semaphore::new(1);
        let permit = semaphore.try_acquire();
        let mut wait = Waiter::new(semaphore.acquire());
        assert!(wait.waits());
        drop(permit);
        assert!(semaphore.try_acquire().is_none(), "the permit is on its way");
        assert!(wait.now().is_some());
        assert_eq!(semaphore.available(), 1);
    }

    #[test]
    fn an_owned_permit_goes_back() {
        run(async {
            let semaphore = Rc::new(Semaphore::new(1));
            let permit = semaphore.clone().acquire_owned().await;
            assert_eq!(semaphore.available(), 0);
            drop(permit);
            assert_eq!(semaphore.available(), 1);
        });
    }

    #[test]
    fn test_release_unacquired_bounded() {
        run(async {
            let semaphore = BoundedSemaphore::default();
            assert!(semaphore.release().is_err());
            // The value is 0.
            semaphore.acquire().await.forget();
            let mut wait = Waiter::new(semaphore.acquire());
            assert!(wait.waits());
            semaphore.release().unwrap();
            let permit = wait.now().unwrap();
            assert!(semaphore.release().is_err(), "somebody holds it");
            drop(permit);
            assert!(semaphore.release().is_err());
            assert_eq!(semaphore.available(), 1);
            assert!(semaphore.acquire_within(SOON).await.is_ok());
            assert!(semaphore.try_acquire().is_some());
        });
    }
}

mod lock {
    use super::*;

    #[test]
    fn test_repr() {
        assert_eq!(format!("{:?}", Lock::new(())), "Lock { locked: false, .. }");
    }

    #[test]
    fn test_acquire_release() {
        let lock = Lock::new(());
        let guard = Waiter::new(lock.acquire()).now();
        assert!(guard.is_some() && lock.is_locked());
        let mut future = Waiter::new(lock.acquire());
        assert!(future.waits());
        drop(guard);
        assert!(lock.is_locked(), "it went to the one who waited");
        assert!(future.now().is_some());
        assert!(!lock.is_locked());
    }

    #[test]
    fn test_acquire_fifo() {
        run(async {
            let lock = Rc::new(Lock::<Vec<usize>>::default());
            let first = lock.acquire().await;
            let tasks: Vec<_> = (0..5)
                .map(|number| {
                    let lock = lock.clone();
                    spawn(async move { lock.acquire().await.push(number) })
                })
                .collect();
            moment().await;
            drop(first);
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(*lock.acquire().await, [0, 1, 2, 3, 4]);
        });
    }

    #[test]
    fn test_acquire_fifo_async_with() {
        run(async {
            let lock = Rc::new(Lock::new(Vec::new()));
            let tasks: Vec<_> = (0..5)
                .map(|number| {
                    let lock = lock.clone();
                    spawn(async move {
                        let mut history = lock.acquire().await;
                        history.push(number);
                        sleep(Duration::from_millis(1)).await;
                        history.push(number);
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(*lock.acquire().await, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
        });
    }

    #[test]
    fn test_acquire_timeout() {
        run(async {
            let lock = Lock::new(());
            let guard = lock.acquire().await;
            assert!(lock.acquire_within(SOON).await.is_err());
            drop(guard);
            assert!(lock.acquire_within(SOON).await.is_ok());
            assert!(!lock.is_locked());
        });
    }

    #[test]
    fn test_multi_release() {
        let mut lock = Lock::new(1);
        *lock.try_acquire().unwrap() += 1;
        assert!(lock.try_acquire().is_some(), "each guard releases once");
        *lock.value_mut() += 1;
        assert_eq!(lock.into_inner(), 3);
    }

    #[test]
    fn test_yield_lock() {
        run(async {
            let lock = Lock::new(());
            for _ in 0..2 {
                let _guard = lock.acquire().await;
            }
        });
    }

    #[test]
    fn a_waker_that_runs_the_next_one_at_once_finds_the_value_free() {
        thread_local! {
            static NEXT: RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>> = RefCell::default();
        }
        /// Not the loop's way, but a waker may be anybody's.
        struct Eager;
        impl Wake for Eager {
            fn wake(self: Arc<Self>) {
                if let Some(mut next) = NEXT.take() {
                    assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
                }
            }
        }
        let lock = Rc::new(Lock::new(0));
        let guard = lock.try_acquire().unwrap();
        let next = lock.clone();
        let mut next = Box::pin(async move { *next.acquire().await += 1 });
        let waker = Waker::from(Arc::new(Eager));
        assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        NEXT.set(Some(next));
        drop(guard);
        assert_eq!(*lock.try_acquire().unwrap(), 1);
    }
}

/// How a waiter of a model stands.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Stands {
    Waits,
    /// It was served: by the notification that came before this number.
    Served(u64),
}

struct Modelled<'a, T> {
    waiter: Waiter<'a, T>,
    number: u64,
    stands: Stands,
    limited: bool,
    /// Its timeout has run.
    expired: bool,
    polled: bool,
}

/// Lets all timeouts run that are due.
async fn timeouts_run<T>(waiters: &mut [Modelled<'_, T>]) {
    sleep(Duration::ZERO).await;
    for waiter in waiters {
        waiter.expired |= waiter.limited && waiter.polled;
    }
}

#[test]
fn conditions_do_what_their_model_does() {
    run(async {
        for seed in 0..3000 {
            condition_against_model(seed).await;
        }
    });
}

async fn condition_against_model(seed: u64) {
    let mut dice = Dice::new(seed);
    let condition = Condition::new();
    let mut waiters: Vec<Modelled<'_, bool>> = Vec::new();
    let mut next = 0;
    for _ in 0..60 {
        match dice.roll(7) {
            0 | 1 => {
                let limited = dice.roll(3) == 0;
                let waiter = if limited {
                    Waiter::new(condition.wait_until(Duration::ZERO))
                } else {
                    let wait = condition.wait();
                    Waiter::new(async {
                        wait.await;
                        true
                    })
                };
                let (stands, expired, polled) = (Stands::Waits, false, false);
                waiters.push(Modelled { waiter, number: next, stands, limited, expired, polled });
                next += 1;
            }
            2 | 3 if !waiters.is_empty() => {
                let index = dice.roll(waiters.len());
                let waiter = &mut waiters[index];
                let expected = match waiter.stands {
                    Stands::Served(_) => Some(true),
                    Stands::Waits => waiter.expired.then_some(false),
                };
                assert_eq!(waiter.waiter.now(), expected, "seed {seed}");
                waiter.polled = true;
                if expected.is_some() {
                    waiters.remove(index);
                }
            }
            4 if !waiters.is_empty() => {
                let dropped = waiters.remove(dice.roll(waiters.len()));
                let stands = dropped.stands;
                drop(dropped);
                if let Stands::Served(before) = stands {
                    notify(&mut waiters, 1, before);
                }
            }
            5 => {
                let count = if dice.roll(5) == 0 { usize::MAX } else { dice.roll(4) };
                condition.notify(count);
                notify(&mut waiters, count, next);
            }
            _ => timeouts_run(&mut waiters).await,
        }
    }
    condition.notify_all();
    assert!(waiters.iter_mut().all(|waiter| waiter.waiter.now() == Some(true)), "seed {seed}");
}

fn notify(waiters: &mut [Modelled<'_, bool>], count: usize, before: u64) {
    let waiting =
        |waiter: &&mut Modelled<'_, bool>| waiter.stands == Stands::Waits && waiter.number < before;
    for waiter in waiters.iter_mut().filter(waiting).take(count) {
        waiter.stands = Stands::Served(before);
    }
}

#[test]
fn semaphores_do_what_their_model_does() {
    run(async {
        for seed in 0..3000 {
            semaphore_against_model(seed).await;
        }
    });
}

async fn semaphore_against_model(seed: u64) {
    let mut dice = Dice::new(seed);
    let permits = dice.roll(4);
    let semaphore = Semaphore::new(permits);
    let mut held: Vec<Permit<'_>> = Vec::new();
    // Those who were polled and wait, or have been handed a permit and do not know it.
    let mut waiters: Vec<Modelled<'_, Option<Permit<'_>>>> = Vec::new();
    let mut available = permits;
    let mut released = 0;
    for _ in 0..60 {
        match dice.roll(8) {
            0 | 1 => {
                let limited = dice.roll(3) == 0;
                let mut waiter = if limited {
                    let acquire = semaphore.acquire_within(Duration::ZERO);
                    Waiter::new(async { acquire.await.ok() })
                } else {
                    let acquire = semaphore.acquire();
                    Waiter::new(async { Some(acquire.await) })
                };
                let permit = waiter.now().map(|permit| permit.expect("it is never late"));
                assert_eq!(permit.is_some(), available > 0, "seed {seed}");
                available -= permit.iter().len();
                if permit.is_none() {
                    let (stands, expired, polled) = (Stands::Waits, false, true);
                    waiters.push(Modelled { waiter, number: 0, stands, limited, expired, polled });
                }
                held.extend(permit);
            }
            2 | 3 if !waiters.is_empty() => {
                let index = dice.roll(waiters.len());
                let served = waiters[index].stands != Stands::Waits;
                let ready = served || waiters[index].expired;
                let permit = waiters[index].waiter.now();
                assert_eq!(permit.is_some(), ready, "seed {seed}");
                assert_eq!(permit.iter().flatten().count() == 1, served, "seed {seed}");
                held.extend(permit.flatten());
                if ready {
                    waiters.remove(index);
                }
            }
            4 if !waiters.is_empty() => {
                let dropped = waiters.remove(dice.roll(waiters.len()));
                let served = dropped.stands != Stands::Waits;
                drop(dropped);
                if served {
                    give(&mut waiters, &mut available);
                }
            }
            5 if !held.is_empty() => {
                drop(held.swap_remove(dice.roll(held.len())));
                give(&mut waiters, &mut available);
            }
            6 if released < 3 => {
                released += 1;
                semaphore.release();
                give(&mut waiters, &mut available);
            }
            _ => timeouts_run(&mut waiters).await,
        }
        assert_eq!(semaphore.available(), available, "seed {seed}");
    }
    drop(waiters);
    drop(held);
    assert_eq!(semaphore.available(), permits + released, "seed {seed}: no permit is lost");
}

fn give<T>(waiters: &mut [Modelled<'_, T>], available: &mut usize) {
    match waiters.iter_mut().find(|waiter| waiter.stands == Stands::Waits) {
        Some(waiter) => waiter.stands = Stands::Served(0),
        None => *available += 1,
    }
}
