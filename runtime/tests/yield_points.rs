//! Callbacks and those who wait for them: what Tornado's tests do not ask; those are in `tornado_gen.rs`.

use gustnado::coroutine::{
    Callback, Multi, PeriodicCallback, SendCallback, SendTask, Task, Wait, WaitAll, YieldError,
    cancel_after, engine, moment, sleep, with_timeout,
};
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::jobs::{Jobs, Retry};
use gustnado::testing::Log;
use gustnado_tests::milliseconds;
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

const LEAK: &str = "LeakedCallbackError: finished without waiting for callbacks ";
const LONG: Duration = Duration::from_secs(3600);

type Done = Result<(), YieldError>;

/// A function of one `Rc`, and a place to keep it.
type Kept = Rc<RefCell<Option<Box<dyn FnOnce(Rc<()>)>>>>;

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

fn unknown(key: &str) -> YieldError {
    YieldError::UnknownKey(key.into())
}

// Whose keys they are.

#[gustnado::test(simulated)]
async fn two_coroutines_may_use_the_same_key() -> Done {
    let callback = Callback("key")?;
    let other = spawn(async {
        assert_eq!(Wait::<i32>("key").await, Err(unknown("\"key\"")));
        Callback("key")?(1);
        Wait::<i32>("key").await
    });
    assert_eq!(other.await.unwrap()?, 1);
    callback(2);
    assert_eq!(Wait::<i32>("key").await?, 2);
    Ok(())
}

#[gustnado::test(simulated)]
async fn what_a_coroutine_awaits_is_part_of_it() -> Done {
    async fn wait(key: i32) -> Result<i32, YieldError> {
        Wait(key).await
    }
    for key in 0..3 {
        Callback(key)?(key * 10);
    }
    assert_eq!(wait(0).await?, 0);
    assert_eq!(Multi([wait(1), wait(2)]).await?, [10, 20]);
    Ok(())
}

#[gustnado::test(simulated)]
async fn an_engine_has_keys_of_its_own() -> Done {
    let callback = Callback("key")?;
    let inner = engine(async {
        assert_eq!(Wait::<i32>("key").await, Err(unknown("\"key\"")));
        let callback = Callback("key")?;
        engine(async {
            Callback("key")?(1);
            moment().await;
            assert_eq!(Wait::<i32>("key").await?, 1);
            Ok::<_, YieldError>(())
        })
        .await?;
        callback(2);
        moment().await;
        Wait::<i32>("key").await
    });
    let outer = async {
        moment().await;
        callback(3);
        Wait::<i32>("key").await
    };
    assert_eq!(Multi((inner, outer)).await?, (2, 3));
    Ok(())
}

#[gustnado::test(simulated)]
async fn an_engine_keeps_its_keys_when_it_goes_on_in_the_background() {
    let seen = Rc::new(Cell::new(0));
    let noted = seen.clone();
    let (go, gone) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(false)));
    let (place, told) = (go.clone(), gone.clone());
    let operation = engine(async move {
        let callback = Callback("key")?;
        *place.borrow_mut() = Some(Callback("go")?);
        Wait::<()>("go").await?;
        callback(1);
        noted.set(Wait::<i32>("key").await?);
        told.set(true);
        Ok::<_, YieldError>(())
    });
    assert!(with_timeout(milliseconds(1), operation).await.is_err());
    go.take().unwrap()(());
    while !gone.get() {
        moment().await;
    }
    assert_eq!(seen.get(), 1);
}

#[gustnado::test(simulated)]
async fn an_engine_that_panics_leaves_the_keys_around_it_as_they_were() -> Done {
    let callback = Callback("key")?;
    let mut fails = Box::pin(engine(async {
        let _callback = Callback::<()>("own")?;
        assert!(IOLoop::try_current().is_none(), "no luck");
        Ok::<_, YieldError>(())
    }));
    poll_fn(|cx| {
        assert!(catch_unwind(AssertUnwindSafe(|| fails.as_mut().poll(cx))).is_err());
        Poll::Ready(())
    })
    .await;
    callback(1);
    assert_eq!(Wait::<()>("own").await, Err(unknown("\"own\"")));
    assert_eq!(Wait::<i32>("key").await?, 1);
    Ok(())
}

#[gustnado::test(simulated)]
async fn keys_are_the_same_if_they_print_the_same() -> Done {
    Callback(String::from("text"))?(1);
    assert_eq!(Wait::<i32>("text").await?, 1);
    // A number and its digits are not.
    Callback(1_u8)?(2);
    assert_eq!(Wait::<i32>("1").await, Err(unknown("\"1\"")));
    assert_eq!(Wait::<i32>(1_i64).await?, 2);
    Ok(())
}

#[gustnado::test(simulated)]
async fn where_no_coroutine_runs_there_are_no_keys() {
    let log = Log::capture();
    IOLoop::current().add_callback(|| drop(Callback::<()>("key")));
    moment().await;
    moment().await;
    assert_eq!(log.count("keys belong to a coroutine, and none runs here"), 1);
    let mut wait = None;
    let found = Rc::new(Cell::new(false));
    let noted = found.clone();
    IOLoop::current().add_callback(move || {
        let mut cx = Context::from_waker(Waker::noop());
        let wait = wait.insert(Wait::<()>("key"));
        noted.set(Pin::new(wait).poll(&mut cx) == Poll::Ready(Err(unknown("\"key\""))));
    });
    moment().await;
    moment().await;
    assert!(found.get());
}

#[gustnado::test(simulated)]
async fn each_call_and_each_attempt_is_a_coroutine_of_its_own() {
    let log = Log::capture();
    let calls = Rc::new(Cell::new(0));
    let counted = calls.clone();
    let periodic = PeriodicCallback::new(
        move || {
            counted.set(counted.get() + 1);
            Callback("key").map(|callback| callback(()))
        },
        milliseconds(1),
    );
    periodic.start();
    while calls.get() < 3 {
        sleep(milliseconds(1)).await;
    }
    periodic.stop();
    assert_eq!(log.count(LEAK), calls.get());
    let jobs = Jobs::new("test").retry(Retry::constant(Duration::ZERO).attempts(3));
    let attempts = Rc::new(Cell::new(0));
    let counted = attempts.clone();
    let attempt = async move || {
        counted.set(counted.get() + 1);
        Callback("key").map_err(|error| error.to_string())?(());
        if counted.get() < 3 { Err("again".to_owned()) } else { Ok(()) }
    };
    jobs.submit(attempt).await.unwrap();
    jobs.join().await;
    assert_eq!(attempts.get(), 3);
    // Those that have failed say nothing.
    assert_eq!(log.count(LEAK), calls.get() + 1);
    assert_eq!(log.count("is already pending"), 0);
}

// Who calls, and when.

#[gustnado::test]
async fn a_callback_may_be_called_by_another_thread_while_the_loop_sleeps() -> Done {
    let callback = SendCallback("key")?;
    let caller = thread::spawn(move || {
        thread::sleep(milliseconds(5));
        callback(vec![1, 2, 3]);
    });
    assert_eq!(Wait::<Vec<i32>>("key").await?, [1, 2, 3]);
    caller.join().unwrap();
    Ok(())
}

#[gustnado::test]
async fn many_threads_may_call_at_once() -> Done {
    let waits: Vec<_> = (0..8_i32)
        .map(|number| {
            SendTask(move |callback| {
                thread::spawn(move || callback(number * number));
            })
        })
        .collect();
    assert_eq!(Multi(waits).await?, (0..8).map(|number| number * number).collect::<Vec<_>>());
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_task_may_call_back_before_it_returns() -> Done {
    assert_eq!(Task(|callback| callback(1)).await?, 1);
    assert_eq!(SendTask(|callback| callback(2)).await?, 2);
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_task_starts_when_it_is_awaited() -> Done {
    let started = Cell::new(false);
    let task = Task(|callback| {
        started.set(true);
        callback(());
    });
    assert!(!started.get());
    task.await?;
    assert!(started.get());
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_wait_is_polled_once_more_when_its_callback_was_called() {
    let polls = Rc::new(Cell::new(0));
    let counted = polls.clone();
    let callback = Rc::new(RefCell::new(None));
    let place = callback.clone();
    let task = spawn(async move {
        *place.borrow_mut() = Some(Callback("key")?);
        let mut wait = pin!(Wait::<i32>("key"));
        poll_fn(|cx| {
            counted.set(counted.get() + 1);
            wait.as_mut().poll(cx)
        })
        .await
    });
    sleep(milliseconds(1)).await;
    assert_eq!(polls.get(), 1);
    callback.take().unwrap()(7);
    assert_eq!((task.await.unwrap(), polls.get()), (Ok(7), 2));
}

#[gustnado::test(simulated)]
async fn a_callback_that_nobody_waits_for_any_more_is_called_for_nothing() -> Done {
    let value = Rc::new(());
    let kept = Kept::default();
    let place = kept.clone();
    let task = spawn(async move {
        *place.borrow_mut() = Some(Callback("key")?);
        Wait::<Rc<()>>("key").await
    });
    moment().await;
    task.cancel();
    kept.take().unwrap()(value.clone());
    moment().await;
    assert_eq!(Rc::strong_count(&value), 1);
    // What was called before the end goes with it.
    let place = kept.clone();
    let task = spawn(async move {
        *place.borrow_mut() = Some(Callback("key")?);
        pending::<Done>().await
    });
    moment().await;
    kept.take().unwrap()(value.clone());
    assert_eq!(Rc::strong_count(&value), 2);
    task.cancel();
    moment().await;
    assert_eq!(Rc::strong_count(&value), 1);
    Ok(())
}

#[test]
fn a_loop_that_is_closed_keeps_nothing_of_its_coroutines() {
    let value = Rc::new(());
    let sent = value.clone();
    let io_loop = IOLoop::new().unwrap();
    let task = io_loop.spawn(async move {
        Callback("key")?(sent);
        pending::<Done>().await
    });
    io_loop.run_sync(moment()).unwrap();
    assert_eq!(Rc::strong_count(&value), 2);
    io_loop.close();
    assert_eq!(Rc::strong_count(&value), 1);
    drop(task);
}

// What is wrong.

#[gustnado::test]
async fn who_waits_for_a_callback_that_was_dropped_learns_it() -> Done {
    let error = YieldError::DroppedCallback(Some("\"key\"".into()));
    // Before the wait, during it, and on another thread.
    drop(Callback::<()>("key")?);
    assert_eq!(Wait::<()>("key").await, Err(error.clone()));
    let callback = Callback::<()>("key")?;
    let mut wait = pin!(Wait::<()>("key"));
    assert!(poll_once(wait.as_mut()).await.is_pending());
    IOLoop::current().add_callback(move || drop(callback));
    assert_eq!(wait.await, Err(error.clone()));
    let callback = SendCallback::<()>("key")?;
    thread::spawn(move || drop(callback));
    assert_eq!(Wait::<()>("key").await, Err(error));
    assert_eq!(Task::<()>(drop).await, Err(YieldError::DroppedCallback(None)));
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_result_of_another_type_than_awaited_is_an_error_that_names_both() -> Done {
    Callback("key")?(1_i32);
    let error = Wait::<String>("key").await.unwrap_err();
    let expected =
        "the callback of key \"key\" takes `i32`, but `alloc::string::String` is awaited";
    assert_eq!(error.to_string(), expected);
    // It is there still.
    assert_eq!(Wait::<i32>("key").await?, 1);
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_wait_that_was_given_up_can_be_repeated() -> Done {
    let callback = Callback("key")?;
    assert!(cancel_after(Duration::ZERO, Wait::<i32>("key")).await.is_err());
    assert_eq!(Callback::<i32>("key").err(), Some(YieldError::KeyReuse("\"key\"".into())));
    callback(1);
    let dropped = Wait::<i32>("key");
    drop(dropped);
    assert_eq!(Wait::<i32>("key").await?, 1);
    assert_eq!(Wait::<i32>("key").await, Err(unknown("\"key\"")));
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_key_is_waited_for_by_one() -> Done {
    let callback = Callback("key")?;
    let first = Wait::<i32>("key");
    assert_eq!(Wait::<i32>("key").await, Err(unknown("\"key\"")));
    callback(1);
    assert_eq!(first.await?, 1);
    Ok(())
}

#[gustnado::test(simulated)]
async fn wait_all_takes_any_number_of_keys() -> Done {
    let callbacks: Vec<_> = (0..100).map(Callback).collect::<Result<_, _>>()?;
    let io_loop = IOLoop::current();
    for (number, callback) in callbacks.into_iter().enumerate().rev() {
        io_loop.call_later(milliseconds(number as u64 % 3), move || callback(number));
    }
    let results: Vec<usize> = WaitAll((0..100).collect::<Vec<_>>()).await?;
    assert_eq!(results, (0..100).collect::<Vec<_>>());
    assert_eq!(WaitAll::<(), _>([0_i32; 0]).await?, []);
    Ok(())
}

#[gustnado::test(simulated)]
async fn wait_all_fails_at_once_if_a_key_is_unknown_and_takes_nothing() -> Done {
    let (first, _second) = (Callback("a")?, Callback::<i32>("b")?);
    assert_eq!(WaitAll::<i32, _>(["a", "b", "c"]).await, Err(unknown("\"c\"")));
    assert_eq!(WaitAll::<i32, _>(["a", "a"]).await, Err(unknown("\"a\"")));
    first(1);
    assert_eq!(Wait::<i32>("a").await?, 1);
    Ok(())
}

#[gustnado::test(simulated)]
async fn wait_all_fails_if_a_callback_is_dropped_and_leaves_those_behind_it() -> Done {
    let callbacks = [1, 2, 3].map(|key| Callback::<i32>(key).unwrap());
    let [first, second, third] = callbacks;
    let mut all = pin!(WaitAll::<i32, _>([1, 2, 3]));
    assert!(poll_once(all.as_mut()).await.is_pending());
    first(1);
    drop(second);
    third(3);
    assert_eq!(all.await, Err(YieldError::DroppedCallback(Some("2".into()))));
    assert_eq!(Wait::<i32>(3).await?, 3);
    Ok(())
}

// What a coroutine leaves behind.

#[gustnado::test(simulated)]
async fn a_task_that_forgets_its_callbacks_says_so() {
    let log = Log::capture();
    let task = spawn(async {
        for key in ["b", "a"] {
            Callback(key).unwrap()(());
        }
    });
    task.await.unwrap();
    let logged = log.take();
    assert_eq!(logged.len(), 1, "{logged:?}");
    let line = &logged[0];
    assert!(line.starts_with(&format!("ERROR gustnado.application {LEAK}\"a\" (")), "{line}");
    assert!(line.contains(", \"b\" (") && line.contains("yield_points.rs:"), "{line}");
}

#[test]
fn what_run_sync_runs_says_so_too() {
    let log = Log::capture();
    let io_loop = IOLoop::new().unwrap();
    io_loop.run_sync(async { Callback("key").unwrap()(()) }).unwrap();
    assert_eq!(log.count(LEAK), 1);
    // The next one begins with nothing.
    io_loop.run_sync(async { assert!(Wait::<()>("key").await.is_err()) }).unwrap();
    assert_eq!(log.count(LEAK), 1);
    let limit = milliseconds(1);
    let hangs = async {
        Callback("key").unwrap()(());
        pending::<()>().await;
    };
    assert!(io_loop.run_sync_within(limit, hangs).is_err());
    let panics = async {
        Callback("key").unwrap()(());
        panic!("no luck");
    };
    assert!(catch_unwind(AssertUnwindSafe(|| io_loop.run_sync(panics))).is_err());
    assert_eq!(log.count(LEAK), 1);
    let outside = catch_unwind(|| drop(Callback::<()>("key")));
    assert!(outside.is_err(), "the coroutine that panicked does not run any more");
}

#[gustnado::test(simulated)]
async fn who_is_cut_short_or_had_an_error_says_nothing_of_what_is_left() {
    let log = Log::capture();
    let cancelled = spawn(async {
        Callback("key").unwrap()(());
        pending::<()>().await;
    });
    moment().await;
    cancelled.cancel();
    moment().await;
    let failed = spawn(async {
        Callback("key").unwrap()(());
        let _ = Wait::<()>("other").await;
    });
    failed.await.unwrap();
    let panicked = spawn(async {
        Callback("key").unwrap()(());
        panic!("no luck");
    });
    assert!(panicked.await.is_err());
    assert_eq!((log.count(LEAK), log.take().len()), (0, 1));
    let result = engine(async {
        Callback("key")?(());
        let _ = Callback::<()>("key");
        Ok::<_, YieldError>(())
    });
    assert_eq!(result.await, Ok(()));
}

#[gustnado::test(simulated)]
async fn a_callback_that_was_waited_for_in_vain_is_not_forgotten() -> Done {
    let kept = RefCell::new(Vec::new());
    engine(async {
        for key in 0..3 {
            kept.borrow_mut().push(Callback::<i32>(key)?);
        }
        assert!(cancel_after(Duration::ZERO, Wait::<i32>(0)).await.is_err());
        assert!(with_timeout(Duration::ZERO, Wait::<i32>(1)).await.is_err());
        assert!(cancel_after(Duration::ZERO, WaitAll::<i32, _>([2])).await.is_err());
        Ok(())
    })
    .await
}

#[gustnado::test(simulated)]
async fn a_timeout_that_does_not_come_changes_nothing() -> Done {
    let callback = Callback("key")?;
    IOLoop::current().add_callback(move || callback(1));
    assert_eq!(with_timeout(LONG, Wait::<i32>("key")).await.unwrap()?, 1);
    Ok(())
}
