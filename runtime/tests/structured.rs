//! Coroutines that end with others, and those that do not.

use gustnado::coroutine::{
    Callback, Multi, Wait, cancel_after, moment, scope, shield, sleep, with_timeout,
};
use gustnado::ioloop::{IOLoop, Local, spawn};
use gustnado::locks::Event;
use gustnado::testing::Log;
use gustnado_tests::{Turns, milliseconds};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::{Future, IntoFuture, pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

type Done = Result<(), String>;

/// Notes that it was dropped.
struct Guard<'a>(&'a Cell<u32>);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

async fn hold(_guard: Guard<'_>) -> Done {
    pending().await
}

async fn turns(count: u32) {
    for _ in 0..count {
        moment().await;
    }
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

// Scopes.

#[gustnado::test(simulated)]
async fn children_borrow_and_their_values_come_back() -> Done {
    let mut words = vec![String::from("one"), String::from("two"), String::from("three")];
    let lengths = scope(async |scope| {
        let children: Vec<_> = words
            .iter()
            .map(|word| {
                scope.spawn(async move {
                    turns(word.len() as u32).await;
                    Ok(word.len())
                })
            })
            .collect();
        let mut lengths = Vec::new();
        for child in children {
            lengths.push(child.await);
        }
        Ok::<_, String>(lengths)
    });
    assert_eq!(lengths.await?, [3, 3, 5]);
    // They are done with it.
    words.clear();
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_scope_waits_for_its_children() -> Done {
    let ended = Cell::new(0);
    let value = scope(async |scope| {
        for count in 0..10 {
            let ended = &ended;
            scope.spawn(async move {
                turns(count).await;
                ended.set(ended.get() + 1);
                Ok(())
            });
        }
        Ok::<_, String>(7)
    });
    assert_eq!(value.await?, 7);
    assert_eq!(ended.get(), 10);
    assert_eq!(scope(async |_| Ok::<_, String>(1)).await?, 1);
    Ok(())
}

#[gustnado::test(simulated)]
async fn the_first_failure_ends_the_others_at_once() {
    let (dropped, late) = (Cell::new(0), Cell::new(false));
    let result = scope(async |scope| {
        let _body = Guard(&dropped);
        scope.spawn(hold(Guard(&dropped)));
        scope.spawn(async {
            turns(3).await;
            Err::<(), _>(String::from("first"))
        });
        scope.spawn(async {
            turns(3).await;
            late.set(true);
            Err::<(), _>(String::from("second"))
        });
        scope.spawn(hold(Guard(&dropped))).await;
        Ok(())
    });
    assert_eq!(result.await, Err("first".into()));
    assert_eq!((dropped.get(), late.get()), (3, false));
}

#[gustnado::test(simulated)]
async fn a_body_that_fails_ends_its_children() {
    let dropped = Cell::new(0);
    let result = scope(async |scope| {
        scope.spawn(hold(Guard(&dropped)));
        moment().await;
        Err::<(), _>(String::from("body"))
    });
    assert_eq!(result.await, Err("body".into()));
    assert_eq!(dropped.get(), 1);
    // A child may fail after the body has succeeded.
    let result = scope(async |scope| {
        scope.spawn(async {
            turns(3).await;
            Err::<(), _>("child")
        });
        Ok(())
    });
    assert_eq!(result.await, Err("child"));
}

#[gustnado::test(simulated)]
async fn a_scope_that_is_dropped_takes_its_children_with_it() {
    let dropped = Cell::new(0);
    {
        let mut waiting = pin!(scope(async |scope| {
            scope.spawn(hold(Guard(&dropped)));
            hold(Guard(&dropped)).await
        }));
        assert!(poll_once(waiting.as_mut()).await.is_pending());
    }
    assert_eq!(dropped.get(), 2);
    let dropped = Rc::new(Cell::new(0));
    let kept = dropped.clone();
    let task = spawn(async move {
        scope(async |scope| {
            scope.spawn(hold(Guard(&kept)));
            hold(Guard(&kept)).await
        })
        .await
    });
    turns(3).await;
    task.cancel();
    assert_eq!(dropped.get(), 2);
}

#[gustnado::test(simulated)]
async fn a_scope_that_cancels_its_children_need_not_wait_for_them() -> Done {
    let dropped = Cell::new(0);
    scope(async |scope| {
        for _ in 0..3 {
            scope.spawn(hold(Guard(&dropped)));
        }
        turns(3).await;
        scope.cancel();
        assert_eq!(dropped.get(), 3);
        // It goes on as before.
        assert_eq!(scope.spawn(async { Ok(1) }).await, 1);
        assert_eq!(format!("{scope:?}"), "Scope { children: 0, .. }");
        Ok::<_, String>(())
    })
    .await
}

#[gustnado::test(simulated)]
async fn the_value_of_a_child_that_was_cancelled_is_awaited_in_vain() {
    let task = spawn(async {
        scope(async |scope| {
            let child = scope.spawn(pending::<Result<(), String>>());
            scope.cancel();
            child.await;
            Ok(())
        })
        .await
    });
    let error = task.await.unwrap_err().to_string();
    assert_eq!(error, "the task panicked: a child that was cancelled has no value");
}

#[gustnado::test(simulated)]
async fn a_panic_of_a_child_is_a_panic_of_the_scope() {
    let log = Log::capture();
    let dropped = Rc::new(Cell::new(0));
    let kept = dropped.clone();
    let task = spawn(async move {
        scope(async |scope| {
            scope.spawn(hold(Guard(&kept)));
            scope.spawn(async {
                moment().await;
                if IOLoop::try_current().is_some() {
                    panic!("no luck");
                }
                Ok(())
            });
            hold(Guard(&kept)).await
        })
        .await
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!((dropped.get(), log.count("no luck")), (2, 1));
}

#[gustnado::test(simulated)]
async fn a_long_scope_keeps_nothing_of_the_children_that_have_ended() -> Done {
    let held = Rc::new(());
    scope(async |scope| {
        for round in 0..1000 {
            let held = held.clone();
            let child = scope.spawn(async move {
                moment().await;
                Ok::<_, String>((round, held))
            });
            assert_eq!(child.await.0, round);
        }
        assert_eq!(Rc::strong_count(&held), 1);
        Ok(())
    })
    .await
}

#[gustnado::test(simulated)]
async fn a_child_is_polled_only_when_it_was_woken_itself() -> Done {
    let (polls, go) = (Cell::new(0), Event::new());
    scope(async |scope| {
        for _ in 0..3 {
            let polls = &polls;
            let mut waiting = Box::pin(go.wait());
            scope.spawn(poll_fn(move |cx| {
                polls.set(polls.get() + 1);
                waiting.as_mut().poll(cx).map(Ok::<_, String>)
            }));
        }
        turns(10).await;
        assert_eq!(polls.get(), 3);
        go.set();
        turns(2).await;
        assert_eq!(polls.get(), 6);
        Ok(())
    })
    .await
}

#[gustnado::test(simulated)]
async fn children_take_turns_with_others() -> Done {
    let counted = Turns::count();
    scope(async |scope| {
        let before = counted.now();
        let children = [1, 2, 3].map(|_| {
            scope.spawn(async {
                turns(10).await;
                Ok::<_, String>(counted.now())
            })
        });
        for child in children {
            let after = child.await;
            assert!((before + 10..=before + 13).contains(&after), "{before} to {after}");
        }
        Ok(())
    })
    .await
}

#[gustnado::test(simulated)]
async fn scopes_nest() -> Done {
    async fn sum(numbers: &[u32]) -> Result<u32, String> {
        let (left, right) = match numbers {
            [] => return Ok(0),
            [number] => return Ok(*number),
            _ => numbers.split_at(numbers.len() / 2),
        };
        scope(async |scope| {
            let left = scope.spawn(Box::pin(sum(left)));
            let right = scope.spawn(Box::pin(sum(right)));
            moment().await;
            Ok(left.await + right.await)
        })
        .await
    }
    let numbers: Vec<u32> = (0..100).collect();
    assert_eq!(sum(&numbers).await?, 4950);
    Ok(())
}

#[gustnado::test(simulated)]
async fn children_are_parts_of_the_coroutine_with_its_keys() {
    let result = scope(async |scope| {
        let callback = Callback("key")?;
        let child = scope.spawn(async { Wait::<i32>("key").await });
        callback(1);
        Ok::<_, gustnado::coroutine::YieldError>(child.await)
    });
    assert_eq!(result.await, Ok(1));
}

#[gustnado::test(simulated)]
async fn a_scope_may_be_a_task_and_a_child_of_multi() {
    let number = |number: u32| {
        scope(async move |scope| {
            let child = scope.spawn(async move {
                moment().await;
                Ok(number)
            });
            Ok::<_, String>(child.await)
        })
    };
    assert_eq!(spawn(number(1)).await.unwrap(), Ok(1));
    assert_eq!(Multi([number(2), number(3)]).await, Ok([2, 3]));
    assert_eq!(with_timeout(Duration::from_secs(60), number(4)).await.unwrap(), Ok(4));
}

// Shields.

/// Takes two steps, and then returns `outcome`.
async fn steps(count: Rc<Cell<u32>>, outcome: Done) -> Done {
    count.set(1);
    sleep(milliseconds(2)).await;
    count.set(2);
    outcome
}

#[gustnado::test(simulated)]
async fn what_is_shielded_goes_on_when_its_waiter_is_dropped() {
    static USER: Local<&str> = Local::new();
    let log = Log::capture();
    for (outcome, failures) in [(Ok(()), 0), (Err("too late".to_owned()), 1)] {
        let count = Rc::new(Cell::new(0));
        let counted = count.clone();
        let task = spawn(async move {
            USER.set("ann");
            let shielded = shield(async move {
                let result = steps(counted, outcome).await;
                assert_eq!(USER.cloned(), Some("ann"));
                result
            });
            cancel_after(Duration::ZERO, shielded).await.is_err()
        });
        assert!(task.await.unwrap());
        assert_eq!(count.get(), 1);
        sleep(milliseconds(10)).await;
        assert_eq!(count.get(), 2);
        assert_eq!(log.count("Exception in shielded coroutine structured::"), failures);
        assert_eq!(log.count("/structured.rs:"), failures);
        assert_eq!(log.take().len(), failures);
    }
}

#[gustnado::test(simulated)]
async fn what_is_shielded_returns_to_who_waits() {
    let log = Log::capture();
    let count = Rc::<Cell<u32>>::default();
    assert_eq!(shield(steps(count.clone(), Ok(()))).await, Ok(()));
    assert_eq!(shield(steps(count, Err("seen".into()))).await, Err("seen".into()));
    assert_eq!(log.take(), [""; 0]);
}

#[gustnado::test(simulated)]
async fn a_task_that_is_cancelled_finishes_what_it_has_shielded() {
    let count = Rc::<Cell<u32>>::default();
    let counted = count.clone();
    let task = spawn(async move {
        let _ = shield(steps(counted, Ok(()))).await;
        unreachable!("it was cancelled");
    });
    turns(2).await;
    task.cancel();
    assert_eq!(count.get(), 1);
    sleep(milliseconds(10)).await;
    assert_eq!(count.get(), 2);
}

#[gustnado::test(simulated)]
async fn what_has_not_begun_is_not_shielded() {
    let count = Rc::<Cell<u32>>::default();
    drop(shield(steps(count.clone(), Ok(()))));
    sleep(milliseconds(5)).await;
    assert_eq!((count.get(), Rc::strong_count(&count)), (0, 1));
}

#[gustnado::test(simulated)]
async fn a_panic_in_a_shield_happens_once() {
    let log = Log::capture();
    let panics = || {
        shield(async {
            moment().await;
            assert!(IOLoop::try_current().is_none(), "no luck");
        })
    };
    assert!(spawn(panics()).await.unwrap_err().is_panic());
    assert_eq!(log.take().len(), 1);
    assert!(poll_once(pin!(panics())).await.is_pending());
    turns(5).await;
    assert_eq!((log.count("Exception in task"), log.take().len()), (1, 1));
}

#[test]
fn a_loop_that_is_closed_ends_what_is_shielded() {
    let io_loop = IOLoop::new().unwrap();
    let held = Rc::new(());
    let kept = held.clone();
    let task = io_loop.spawn(shield(async move {
        let _kept = kept;
        pending::<()>().await;
    }));
    io_loop.run_sync(moment()).unwrap();
    io_loop.close();
    assert_eq!(Rc::strong_count(&held), 1);
    drop(task);
}

// Handles that cancel.

#[gustnado::test(simulated)]
async fn a_task_ends_with_the_handle_that_owns_it() {
    let dropped = Rc::new(Cell::new(0));
    let waiting = |dropped: &Rc<Cell<u32>>| {
        let dropped = dropped.clone();
        spawn(async move { hold(Guard(&dropped)).await }).cancel_on_drop()
    };
    let task = waiting(&dropped);
    turns(2).await;
    assert!(!task.is_finished());
    drop(task);
    assert_eq!(dropped.get(), 1);
    // So it does when its owner is dropped, and when it is told.
    let owned = waiting(&dropped);
    let owner = spawn(owned);
    turns(2).await;
    owner.cancel();
    assert_eq!(dropped.get(), 2);
    let task = waiting(&dropped);
    turns(2).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(dropped.get(), 3);
    let task = spawn(async { 1 }).cancel_on_drop();
    assert_eq!(task.await.unwrap(), 1);
}

// Whatever can be awaited.

/// Makes a future when it is awaited.
struct Request(u32);

impl IntoFuture for Request {
    type Output = Result<u32, String>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            moment().await;
            Ok(self.0)
        })
    }
}

#[gustnado::test(simulated)]
async fn what_can_be_awaited_is_taken_everywhere() {
    assert_eq!(Multi((Request(1), async { Ok(2) })).await, Ok((1, 2)));
    assert_eq!(Multi([Request(1), Request(2)]).await, Ok([1, 2]));
    assert_eq!(Multi(vec![Request(1)]).await, Ok(vec![1]));
    let named = BTreeMap::from([("a", Request(1))]);
    assert_eq!(Multi(named).await.unwrap()["a"], 1);
    assert_eq!(spawn(Request(1)).await.unwrap(), Ok(1));
    assert_eq!(with_timeout(Duration::from_secs(60), Request(1)).await.unwrap(), Ok(1));
    assert_eq!(cancel_after(Duration::from_secs(60), Request(1)).await, Ok(Ok(1)));
    assert_eq!(shield(Request(1)).await, Ok(1));
    let sum = scope(async |scope| Ok(scope.spawn(Request(1)).await + Request(2).await?));
    assert_eq!(sum.await, Ok(3));
}

/// Futures need not know this loop: `std`'s, and those of other crates, wake with wakers that work from any thread.
#[gustnado::test]
async fn a_future_that_another_thread_wakes_can_be_awaited() {
    let shared = Arc::new(Mutex::new((None, None::<Waker>)));
    let place = shared.clone();
    thread::spawn(move || {
        thread::sleep(milliseconds(2));
        let mut place = place.lock().unwrap();
        place.0 = Some(1);
        if let Some(waker) = place.1.take() {
            waker.wake();
        }
    });
    let value = poll_fn(|cx| {
        let mut place = shared.lock().unwrap();
        place.1 = Some(cx.waker().clone());
        place.0.map_or(Poll::Pending, Poll::Ready)
    });
    assert_eq!(value.await, 1);
}
