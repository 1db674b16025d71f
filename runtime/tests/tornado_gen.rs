//! What Tornado's own tests of its coroutines say, under their names without `test_`: those of `gen_test` in Tornado 4.5, which still
//! has the yield points, and in 6.5.
//!
//! What is not here:
//!
//! | Tornado's test | where, or why not |
//! | --- | --- |
//! | `bogus_yield`, `bogus_yield_tuple` | Only futures can be awaited; the compiler says so. |
//! | `return_value`, `sync_raise_return_value`, `async_raise_return_value`, each with `_tuple` | An engine may return a value, and it is not ignored: it goes to who awaits the engine. |
//! | `attributes`, `is_coroutine_function` | A function's type says whether it is a coroutine. |
//! | `stack_context_leak`, `_exception`, `wait_transfer_stack_context`, `task_transfer_stack_context`, `replace_context_exception`, `swallow_context_exception`, `ContextVarsTest` | There are no stack contexts; what follows a coroutine is the business of task-locals, and has its own tests. |
//! | `py3_leak_exception_context`, `coroutine_refcounting`, `asyncio_future_debug_info` | Errors and coroutines are values; nothing keeps them but who has them. |
//! | `multi_future`, `multi_dict_future`, `multi_delayed`, `multi_dict_delayed`, `multi_empty`, `multi_exceptions`, `multi_future_exceptions`, `multi_performance` | `coroutine.rs`, with everything else about `Multi`. |
//! | `moment`, `sleep`, `asyncio_sleep_zero`, `WithTimeoutTest` | `coroutine.rs`. |
//! | `GenWebTest` | `tests/tests/yield_points.rs`, over sockets. |
//! | `gc`, `gc_infinite_coro`, `gc_infinite_async_await` | Nothing is collected. A coroutine that nobody can wake is dropped with its loop: `tasks.rs`. |
//!
//! And of `concurrent_test`, with what Tornado's futures have that ours have not:
//!
//! | Tornado | here |
//! | --- | --- |
//! | `is_future`, `maybe_future` | A type says whether it is a future; `std::future::ready` makes one of a value. |
//! | `chain_future` (`ChainFutureTest`) | Awaiting is the chain; `add_future` of the loop is the one with a callback. |
//! | `future_set_result_unless_cancelled` (`MiscFutureTest`) | A callback whose waiter has left is called for nothing; see `yield_points.rs`. A callback cannot be called twice: it is an `FnOnce`. |
//! | `return_future`, `TracebackFuture` | `Task` makes a future of whatever calls back. |
//! | `run_on_executor` (`RunOnExecutorTest`) | `run_in_executor` of the loop, and its tests. |
//! | `GeneratorCapClientTest` | `tcpserver.rs` |

use gustnado::coroutine::{
    Callback, Multi, Task, Wait, WaitAll, YieldError, engine, moment, sleep, with_timeout,
};
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::testing::Log;
use gustnado_tests::{Turns, milliseconds};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::future::ready;
use std::rc::Rc;
use std::time::Duration;

#[derive(Debug, PartialEq, Eq)]
struct ZeroDivisionError;

impl fmt::Display for ZeroDivisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("division by zero")
    }
}

impl Error for ZeroDivisionError {}

impl From<YieldError> for ZeroDivisionError {
    fn from(error: YieldError) -> Self {
        panic!("not expected: {error}")
    }
}

type Done = Result<(), YieldError>;

/// Calls `callback` after so many turns.
fn delay_callback<T: 'static>(turns: u32, callback: impl FnOnce(T) + 'static, value: T) {
    if turns == 0 {
        callback(value);
    } else {
        IOLoop::current().add_callback(move || delay_callback(turns - 1, callback, value));
    }
}

/// `add_callback` as a function that calls back.
fn next_turn(callback: impl FnOnce(()) + 'static) {
    IOLoop::current().add_callback(|| callback(()));
}

async fn async_future<T>(value: T) -> Result<T, ZeroDivisionError> {
    moment().await;
    Ok(value)
}

fn keys(error: &YieldError) -> Vec<&str> {
    match error {
        YieldError::LeakedCallback(leaked) => leaked.iter().map(|leak| &*leak.key).collect(),
        other => panic!("not expected: {other}"),
    }
}

// GenEngineTest, GenBasicTest

#[gustnado::test(simulated)]
async fn no_yield() -> Done {
    engine(async { Ok(()) }).await
}

#[gustnado::test(simulated)]
async fn inline_cb() -> Done {
    engine(async {
        Callback("k1")?(());
        Wait("k1").await
    })
    .await
}

#[gustnado::test(simulated)]
async fn ioloop_cb() -> Done {
    engine(async {
        next_turn(Callback("k1")?);
        Wait("k1").await
    })
    .await
}

#[gustnado::test(simulated)]
async fn exception_phase1() {
    assert_eq!(engine(async { Err::<(), _>(ZeroDivisionError) }).await, Err(ZeroDivisionError));
}

#[gustnado::test(simulated)]
async fn exception_phase2() {
    let fails = engine(async {
        next_turn(Callback("k1")?);
        Wait::<()>("k1").await?;
        Err::<(), _>(ZeroDivisionError)
    });
    assert_eq!(fails.await, Err(ZeroDivisionError));
}

/// An error of `start` itself is the caller's to pass on; a panic is the coroutine's.
#[gustnado::test(simulated)]
async fn exception_in_task_phase1() {
    let log = Log::capture();
    let task = spawn(async { Task::<()>(|_callback| panic!("division by zero")).await });
    assert_eq!(task.await.unwrap_err().to_string(), "the task panicked: division by zero");
    assert_eq!(log.take().len(), 1);
}

/// In Tornado, the stack context brings the exception of the callback back into the coroutine. Here it is logged, and the coroutine
/// learns that it waits in vain.
#[gustnado::test(simulated)]
async fn exception_in_task_phase2() {
    let log = Log::capture();
    let fail_task = |callback: Box<dyn FnOnce(i32)>| {
        IOLoop::current().add_callback(move || callback(1 / Rc::new(0).as_ref()));
    };
    let error = engine(async { Task(fail_task).await }).await.unwrap_err();
    assert_eq!(error, YieldError::DroppedCallback(None));
    assert_eq!(log.count("attempt to divide by zero"), 1);
}

#[gustnado::test(simulated)]
async fn with_arg() -> Done {
    engine(async {
        Callback("k1")?(42);
        assert_eq!(Wait::<i32>("k1").await?, 42);
        Ok(())
    })
    .await
}

#[gustnado::test(simulated)]
async fn with_arg_tuple() -> Done {
    engine(async {
        Callback((1, 2))?((3, 4));
        assert_eq!(Wait::<(i32, i32)>((1, 2)).await?, (3, 4));
        Ok(())
    })
    .await
}

#[gustnado::test(simulated)]
async fn key_reuse() {
    let reuses = engine(async {
        let _first = Callback::<()>("k1")?;
        let _second = Callback::<()>("k1")?;
        Ok(())
    });
    let error: YieldError = reuses.await.unwrap_err();
    assert_eq!(error, YieldError::KeyReuse("\"k1\"".into()));
    assert_eq!(error.to_string(), "key \"k1\" is already pending");
}

#[gustnado::test(simulated)]
async fn key_reuse_tuple() {
    let reuses = engine(async {
        let _first = Callback::<()>((1, 2))?;
        let _second = Callback::<()>((1, 2))?;
        Ok(())
    });
    assert_eq!(reuses.await, Err(YieldError::KeyReuse("(1, 2)".into())));
}

#[gustnado::test(simulated)]
async fn key_mismatch() {
    let mistakes = engine(async {
        let _callback = Callback::<()>("k1")?;
        Wait::<()>("k2").await
    });
    let error = mistakes.await.unwrap_err();
    assert_eq!(error, YieldError::UnknownKey("\"k2\"".into()));
    assert_eq!(error.to_string(), "key \"k2\" is not pending");
}

#[gustnado::test(simulated)]
async fn key_mismatch_tuple() {
    let mistakes = engine(async {
        let _callback = Callback::<()>((1, 2))?;
        Wait::<()>((2, 3)).await
    });
    assert_eq!(mistakes.await, Err(YieldError::UnknownKey("(2, 3)".into())));
}

#[gustnado::test(simulated)]
async fn leaked_callback() {
    let leaks = engine(async { Callback("k1").map(|callback| callback(())) });
    let error = leaks.await.unwrap_err();
    assert_eq!(keys(&error), ["\"k1\""]);
    let text = error.to_string();
    assert!(text.starts_with("finished without waiting for callbacks \"k1\" ("), "{text}");
    assert!(text.contains("tornado_gen.rs:"), "{text}");
}

#[gustnado::test(simulated)]
async fn leaked_callback_tuple() {
    let leaks = engine(async { Callback((1, 2)).map(|callback| callback(())) });
    assert_eq!(keys(&leaks.await.unwrap_err()), ["(1, 2)"]);
}

#[gustnado::test(simulated)]
async fn parallel_callback() -> Done {
    engine(async {
        for key in 0..3 {
            next_turn(Callback(key)?);
        }
        Wait::<()>(1).await?;
        next_turn(Callback(3)?);
        Wait::<()>(0).await?;
        Wait::<()>(3).await?;
        Wait::<()>(2).await
    })
    .await
}

#[gustnado::test(simulated)]
async fn reuse() -> Done {
    let run = || {
        engine(async {
            next_turn(Callback(0)?);
            Wait(0).await
        })
    };
    run().await?;
    run().await
}

#[gustnado::test(simulated)]
async fn task() -> Done {
    engine(Task(next_turn)).await
}

#[gustnado::test(simulated)]
async fn wait_all() -> Done {
    engine(async {
        Callback("k1")?("v1");
        Callback("k2")?("v2");
        let results: [&str; 2] = WaitAll(["k1", "k2"]).await?;
        assert_eq!(results, ["v1", "v2"]);
        Ok(())
    })
    .await
}

#[gustnado::test(simulated)]
async fn exception_in_yield() -> Done {
    engine(async {
        assert!(matches!(Wait::<()>("k1").await, Err(YieldError::UnknownKey(_))));
        Ok(())
    })
    .await
}

#[gustnado::test(simulated)]
async fn resume_after_exception_in_yield() -> Done {
    engine(async {
        assert!(matches!(Wait::<()>("k1").await, Err(YieldError::UnknownKey(_))));
        Callback("k2")?("v2");
        assert_eq!(Wait::<&str>("k2").await?, "v2");
        Ok(())
    })
    .await
}

#[gustnado::test(simulated)]
async fn orphaned_callback() {
    let orphaned = RefCell::new(None);
    let leaks = engine(async {
        *orphaned.borrow_mut() = Some(Callback(1)?);
        Ok(())
    });
    assert_eq!(keys(&leaks.await.unwrap_err()), ["1"]);
    orphaned.take().unwrap()(());
}

#[gustnado::test(simulated)]
async fn none() {
    moment().await;
}

#[gustnado::test(simulated)]
async fn multi() -> Done {
    engine(async {
        Callback("k1")?("v1");
        Callback("k2")?("v2");
        let results: [&str; 2] = Multi([Wait("k1"), Wait("k2")]).await?;
        assert_eq!(results, ["v1", "v2"]);
        Ok(())
    })
    .await
}

#[gustnado::test(simulated)]
async fn multi_dict() -> Done {
    engine(async {
        Callback("k1")?("v1");
        Callback("k2")?("v2");
        let results = Multi(HashMap::from([("foo", Wait("k1")), ("bar", Wait("k2"))])).await?;
        assert_eq!(results, HashMap::from([("foo", "v1"), ("bar", "v2")]));
        Ok(())
    })
    .await
}

/// Also `multi_future_delayed`: there is no other `Multi`.
#[gustnado::test(simulated)]
async fn multi_yieldpoint_delayed() -> Done {
    let delayed = |turns, value| Task(move |callback| delay_callback(turns, callback, value));
    assert_eq!(Multi([delayed(3, "v1"), delayed(1, "v2")]).await?, ["v1", "v2"]);
    Ok(())
}

/// Also `multi_future_dict_delayed`.
#[gustnado::test(simulated)]
async fn multi_yieldpoint_dict_delayed() -> Done {
    let delayed = |turns, value| Task(move |callback| delay_callback(turns, callback, value));
    let children = HashMap::from([("foo", delayed(3, "v1")), ("bar", delayed(1, "v2"))]);
    assert_eq!(Multi(children).await?, HashMap::from([("foo", "v1"), ("bar", "v2")]));
    Ok(())
}

#[gustnado::test(simulated)]
async fn multi_mixed_types() -> Done {
    Callback("k1")?("v1");
    let delayed = Task(|callback| delay_callback(3, callback, "v2"));
    let responses: (&str, &str) = Multi((Wait("k1"), delayed)).await?;
    assert_eq!(responses, ("v1", "v2"));
    Ok(())
}

#[gustnado::test(simulated)]
async fn future() {
    assert_eq!(async_future(1).await, Ok(1));
}

/// A future is awaited by one; a task is what others can ask about.
#[gustnado::test(simulated)]
async fn multi_future_duplicate() {
    let mut task = spawn(async { 2 });
    assert_eq!((&mut task).await.unwrap(), 2);
    assert!(task.is_finished());
}

#[gustnado::test(simulated)]
async fn arguments() -> Done {
    fn without(callback: impl FnOnce()) {
        callback();
    }
    fn with_two(callback: impl FnOnce(i32, &'static str)) {
        callback(42, "43");
    }
    engine(async {
        let noargs = Callback("noargs")?;
        without(|| noargs(()));
        Wait::<()>("noargs").await?;
        Callback("1arg")?(42);
        assert_eq!(Wait::<i32>("1arg").await?, 42);
        let two = Callback("2args")?;
        with_two(|number, text| two((number, text)));
        assert_eq!(Wait::<(i32, &str)>("2args").await?, (42, "43"));
        let result = Task(|callback| with_two(|number, text| callback((number, text))));
        assert_eq!(result.await?, (42, "43"));
        Ok(())
    })
    .await
}

#[gustnado::test(simulated)]
async fn raise_after_stop() {
    let stopped = Cell::new(false);
    let fails = engine(async {
        stopped.set(true);
        Err::<(), _>(ZeroDivisionError)
    });
    assert_eq!((fails.await, stopped.get()), (Err(ZeroDivisionError), true));
}

/// Also `async_raise_return`.
#[gustnado::test(simulated)]
async fn sync_raise_return() {
    assert_eq!(engine(async { Ok::<_, YieldError>(42) }).await, Ok(42));
    let late = engine(async {
        Task(next_turn).await?;
        Ok::<_, YieldError>(42)
    });
    assert_eq!(late.await, Ok(42));
}

#[gustnado::test(simulated)]
async fn task_refcounting() -> Done {
    let argument = Rc::new(());
    let held = argument.clone();
    let count = Task(|callback| next_turn(move |()| callback(Rc::strong_count(&held)))).await?;
    assert_eq!((count, Rc::strong_count(&argument)), (2, 1));
    Ok(())
}

// GenCoroutineTest

/// `sync_gen_return`, `async_gen_return`, `sync_return`, `async_return`, `async_early_return`, `async_await`, `…_no_value`: a
/// coroutine takes no turn of the loop unless it waits.
#[gustnado::test(simulated)]
async fn sync_return_and_async_return() {
    async fn sync_return(value: u32) -> u32 {
        ready(value).await
    }
    let turns = Turns::count();
    moment().await;
    let before = turns.now();
    assert_eq!((sync_return(42).await, turns.now()), (42, before));
    assert_eq!((async_future(42).await, turns.now()), (Ok(42), before + 1));
    async {}.await;
    assert_eq!(turns.now(), before + 1);
}

/// Also `async_await_mixed_multi_native_yieldpoint`.
#[gustnado::test(simulated)]
async fn async_await_mixed_multi_native_future() -> Done {
    async fn native_coroutine() -> Done {
        Task(next_turn).await
    }
    Callback("k1")?(42);
    let results: ((), i32, ()) = Multi((native_coroutine(), Wait("k1"), Task(next_turn))).await?;
    assert_eq!(results, ((), 42, ()));
    Ok(())
}

#[gustnado::test(simulated)]
async fn async_with_timeout() {
    assert_eq!(with_timeout(Duration::from_secs(60), async_future(42)).await.unwrap(), Ok(42));
}

/// Also `async_raise`. Errors arrive where the coroutine is awaited, and at once if it need not wait.
#[gustnado::test(simulated)]
async fn sync_raise() {
    let turns = Turns::count();
    moment().await;
    let before = turns.now();
    assert_eq!(ready(Err::<(), _>(ZeroDivisionError)).await, Err(ZeroDivisionError));
    assert_eq!(turns.now(), before);
    let late = async {
        moment().await;
        Err::<(), _>(ZeroDivisionError)
    };
    assert_eq!(late.await, Err(ZeroDivisionError));
}

#[gustnado::test(simulated)]
async fn pass_callback() -> Done {
    async fn coroutine(callback: impl FnOnce(i32)) {
        callback(42);
    }
    let result = Task(|callback| drop(spawn(coroutine(callback)))).await?;
    assert_eq!(result, 42);
    Ok(())
}

#[gustnado::test(simulated)]
async fn replace_yieldpoint_exception() {
    let fails = async {
        Task::<()>(drop).await.map_err(|_| ZeroDivisionError)?;
        Ok(())
    };
    assert_eq!(engine(fails).await, Err(ZeroDivisionError));
}

#[gustnado::test(simulated)]
async fn swallow_yieldpoint_exception() {
    let fails = async { Ok::<_, YieldError>(Task::<i32>(drop).await.unwrap_or(42)) };
    assert_eq!(engine(fails).await, Ok(42));
}

// RunnerGCTest

#[gustnado::test(simulated)]
async fn multi_moment() {
    Multi([moment(), moment()]).await.unwrap();
}

// testing_test, of a delay

#[gustnado::test(simulated)]
async fn delay() {
    let begin = IOLoop::current().time();
    sleep(milliseconds(20)).await;
    let took = IOLoop::current().time() - begin;
    assert!(took >= milliseconds(20), "{took:?}");
    let (slow, quick) = (spawn(sleep(milliseconds(20))), spawn(sleep(milliseconds(1))));
    quick.await.unwrap();
    assert!(!slow.is_finished());
    slow.await.unwrap();
}
