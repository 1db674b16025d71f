//! Where coroutines wait, and what a test leaves behind, as they are reported.

use gustnado::__private::{Leaks, Test, run_test};
use gustnado::coroutine::{Multi, WaitIterator, cancel_after, moment, scope, sleep};
use gustnado::ioloop::{IOLoop, JoinHandle, spawn};
use gustnado::iostream::IOStream;
use gustnado::locks::{Condition, Event, Lock, Semaphore};
use gustnado::queues::Queue;
use gustnado::tcpserver::TCPServer;
use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// The report on the only task with `name` in its own.
async fn report(name: &str) -> String {
    let dump = IOLoop::current().dump().await;
    let mut tasks = dump.tasks().iter().filter(|task| task.name().contains(name));
    let task = tasks.next().unwrap_or_else(|| panic!("no task {name}: {dump}"));
    assert!(tasks.next().is_none(), "two tasks {name}: {dump}");
    task.to_string()
}

/// Spawns a coroutine, and lets it come to rest.
async fn rest<T: 'static>(coroutine: impl Future<Output = T> + 'static) -> JoinHandle<T> {
    let task = spawn(coroutine);
    moment().await;
    moment().await;
    task
}

/// What the report says after the places of this file: what is awaited.
async fn awaited(coroutine: impl Future + 'static) -> String {
    let task = rest(async {
        coroutine.await;
    })
    .await;
    let text = report("awaited<").await;
    task.cancel();
    text.lines().last().unwrap().trim().to_owned()
}

async fn fetch() {
    sleep(HOUR).await;
}

async fn serve() {
    fetch().await;
}

#[gustnado::test]
async fn a_report_is_the_chain_of_async_functions_with_their_places() {
    let task = rest(serve()).await;
    let text = report("serve").await;
    let lines: Vec<&str> = text.lines().collect();
    let [first, outer, inner, awaited] = *lines else { panic!("{text}") };
    assert!(first.starts_with("the task dump::serve, spawned at "), "{text}");
    assert!(first.ends_with(", waits at"), "{text}");
    assert!(outer.starts_with("  dump::serve (tests/dump.rs:"), "{text}");
    assert!(inner.starts_with("  dump::fetch (tests/dump.rs:"), "{text}");
    assert_eq!(awaited, "  gustnado::coroutine::sleep::Sleep", "{text}");
    task.cancel();
}

#[gustnado::test]
async fn a_place_is_that_of_the_await() {
    let line = line!() + 2;
    let task = rest(async {
        sleep(HOUR).await;
    })
    .await;
    let text = report("a_place_is_that_of_the_await").await;
    assert!(text.contains(&format!("(tests/dump.rs:{line}:")), "line {line}: {text}");
    task.cancel();
}

#[gustnado::test]
async fn whatever_can_be_awaited_shows_where() {
    assert!(awaited(sleep(HOUR)).await.ends_with("Sleep"));
    let slept = Rc::new(Event::new());
    let sleeper = slept.clone();
    let handle = spawn(async move { sleeper.wait().await });
    assert!(awaited(handle).await.starts_with("gustnado::ioloop::task::JoinHandle<"));
    slept.set();
    let condition = Condition::new();
    let text = awaited(async move { condition.wait().await }).await;
    assert!(text.starts_with("gustnado::locks::condition::Wait"), "{text}");
    let event = Event::new();
    let text = awaited(async move { event.wait().await }).await;
    assert!(text.starts_with("gustnado::locks::condition::Wait"), "{text}");
    let semaphore = Semaphore::new(0);
    let text = awaited(async move { drop(semaphore.acquire().await) }).await;
    assert!(text.starts_with("gustnado::locks::semaphore::Acquire"), "{text}");
    let lock = Rc::new(Lock::new(()));
    let (held, wanted) = (lock.clone(), lock);
    let _guard = held.acquire().await;
    let text = awaited(async move { drop(wanted.acquire().await) }).await;
    assert!(text.starts_with("gustnado::locks::lock::Lock"), "{text}");
    let queue = Queue::<u8>::new(0);
    let text = awaited(async move { queue.get().await }).await;
    assert!(text.starts_with("gustnado::queues::waiting::Get"), "{text}");
    assert!(awaited(cancel_after(HOUR, pending::<()>())).await.contains("::CancelAfter<"));
}

#[gustnado::test]
async fn a_stream_shows_what_it_waits_for() {
    let server = TCPServer::new(async |stream: IOStream, _| {
        let _ = stream.read_until(b"\n").await;
    });
    let address = server.listen(([127, 0, 0, 1], 0).into()).unwrap();
    let stream = IOStream::connect(address).await.unwrap();
    let text = awaited(async move { drop(stream.read_bytes(1).await) }).await;
    assert_eq!(text, "gustnado::iostream::IOStream::read_bytes");
}

#[gustnado::test]
async fn each_child_of_a_multi_shows_where_it_waits() {
    async fn one() {
        sleep(HOUR).await;
    }
    async fn other(event: Rc<Event>) {
        event.wait().await;
    }
    async fn all(event: Rc<Event>) {
        let ended = async { moment().await };
        Multi((one(), ended, other(event))).await.unwrap();
    }
    let event = Rc::new(Event::new());
    let task = rest(all(event.clone())).await;
    let text = report("::all").await;
    assert!(text.contains("::one (") && text.contains("::other ("), "{text}");
    assert_eq!(text.matches("\n and at\n").count(), 1, "{text}");
    // Nobody has lost anything by it.
    event.set();
    moment().await;
    moment().await;
    let text = report("::all").await;
    assert!(text.contains("::one (") && !text.contains("::other ("), "{text}");
    assert!(!task.is_finished());
    task.cancel();
}

#[gustnado::test]
async fn each_child_of_an_iterator_and_of_a_scope_shows_where_it_waits() {
    async fn one(event: Rc<Event>) -> Result<(), Infallible> {
        event.wait().await;
        Ok(())
    }
    async fn iterates(event: Rc<Event>) {
        let mut children = WaitIterator::new([one(event.clone()), one(event)]);
        while children.next().await.is_some() {}
    }
    async fn scopes(event: Rc<Event>) {
        let scoped = scope(async |scope| {
            scope.spawn(one(event.clone()));
            event.wait().await;
            Ok::<_, Infallible>(())
        });
        scoped.await.unwrap();
    }
    let event = Rc::new(Event::new());
    let tasks = [rest(iterates(event.clone())).await, rest(scopes(event.clone())).await];
    for _ in 0..2 {
        for (name, of_child) in [("::iterates", "::one ("), ("::scopes", "::one (")] {
            let text = report(name).await;
            assert!(text.contains(of_child) && text.contains("Wait"), "{text}");
        }
    }
    event.set();
    for task in tasks {
        task.await.unwrap();
    }
}

#[gustnado::test]
async fn whoever_was_asked_is_woken_as_before() {
    let queue = Rc::new(Queue::new(0));
    let worker = rest({
        let queue = queue.clone();
        async move { (queue.get().await.unwrap(), sleep(Duration::from_millis(1)).await).0 }
    })
    .await;
    let sleeper = rest(sleep(Duration::from_millis(2))).await;
    for _ in 0..3 {
        IOLoop::current().dump().await;
    }
    queue.put(7).await.unwrap();
    assert_eq!(worker.await.unwrap(), 7);
    sleeper.await.unwrap();
}

#[gustnado::test]
async fn the_coroutine_that_asks_is_there_too() {
    let dump = IOLoop::current().dump().await;
    let text = dump.tasks()[0].to_string();
    assert!(dump.tasks()[0].place().is_none());
    assert!(
        text.starts_with(
            "the coroutine of run_sync waits at\n  dump::the_coroutine_that_asks_is_there_too ("
        ),
        "{text}"
    );
    assert!(text.ends_with("gustnado::ioloop::IOLoop::dump"), "{text}");
}

#[gustnado::test]
async fn a_coroutine_that_runs_all_the_time_is_said_to() {
    async fn spin() {
        loop {
            moment().await;
        }
    }
    let task = rest(spin()).await;
    let text = report("::spin").await;
    assert!(text.contains(", is running, and has come to\n  dump::"), "{text}");
    assert!(text.ends_with("gustnado::coroutine::sleep::Moment"), "{text}");
    task.cancel();
}

#[gustnado::test]
async fn a_wake_up_that_was_missed_is_found() {
    let flag = Rc::new(Cell::new(false));
    let seen = flag.clone();
    // Forgets to keep its waker.
    let task = rest(poll_fn(move |_| match seen.get() {
        true => Poll::Ready(()),
        false => Poll::Pending,
    }))
    .await;
    assert!(report("PollFn<").await.ends_with("waits for something that will never wake it"));
    flag.set(true);
    let text = report("PollFn<").await;
    assert!(text.ends_with("has missed a wake-up: polled once more, it ended"), "{text}");
    assert!(task.is_finished());
}

#[gustnado::test]
async fn a_coroutine_that_panics_when_it_is_polled_once_more_ends_as_usual() {
    let flag = Rc::new(Cell::new(false));
    let seen = flag.clone();
    let task = rest(poll_fn(move |_| -> Poll<()> {
        assert!(!seen.get(), "as it must");
        Poll::Pending
    }))
    .await;
    flag.set(true);
    IOLoop::current().dump().await;
    assert_eq!(task.await.unwrap_err().to_string(), "the task panicked: as it must");
}

#[gustnado::test]
async fn tasks_may_cancel_each_other_meanwhile() {
    let other = Rc::new(Cell::new(None::<JoinHandle<()>>));
    let (taken, flag) = (other.clone(), Rc::new(Cell::new(false)));
    let seen = flag.clone();
    let canceller = rest(poll_fn(move |_| -> Poll<()> {
        if seen.get()
            && let Some(other) = taken.take()
        {
            other.cancel();
        }
        Poll::Pending
    }))
    .await;
    other.set(Some(rest(fetch()).await));
    flag.set(true);
    let dump = IOLoop::current().dump().await;
    assert!(!dump.tasks().iter().any(|task| task.name().ends_with("fetch")), "{dump}");
    canceller.cancel();
}

#[gustnado::test]
async fn equal_ones_are_told_once_and_sockets_with_their_addresses() {
    let tasks: Vec<_> = (0..100).map(|_| spawn(fetch())).collect();
    let server = TCPServer::new(async |_stream: IOStream, _| pending().await);
    let address = server.listen(([127, 0, 0, 1], 0).into()).unwrap();
    let stream = IOStream::connect(address).await.unwrap();
    let peer = stream.peer_addr().unwrap();
    let text = IOLoop::current().dump().await.to_string();
    assert_eq!(text.matches("100 times: the task dump::fetch, spawned at ").count(), 1, "{text}");
    assert!(text.contains(" of gustnado's own tasks, which run none of your code\n"), "{text}");
    if cfg!(target_os = "linux") {
        assert!(text.contains(&format!("open: a listening socket on {address}\n")), "{text}");
        assert!(text.contains(&format!(" -> {peer}\n")), "{text}");
    }
    tasks.iter().for_each(JoinHandle::cancel);
}

#[test]
fn a_loop_that_is_not_running_may_be_asked_and_closed() {
    let io_loop = IOLoop::new().unwrap();
    {
        let mut asked = pin!(io_loop.dump());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(asked.as_mut().poll(&mut cx).is_pending());
        io_loop.run_sync(moment()).unwrap();
        assert!(asked.as_mut().poll(&mut cx).is_ready());
    }
    io_loop.close();
}

#[gustnado::test(timeout = 0.05)]
#[should_panic(
    expected = "Async operation timed out after 0.05 seconds: dump::a_test_that_hangs_says_where
  the test waits at
    dump::a_test_that_hangs_says_where (tests/dump.rs:"
)]
async fn a_test_that_hangs_says_where() {
    fetch().await;
}

#[gustnado::test(timeout = 0.05)]
#[should_panic(expected = "
  the task dump::serve, spawned at runtime/tests/dump.rs:")]
async fn a_test_that_hangs_says_where_its_tasks_wait() {
    spawn(serve()).await.unwrap();
}

#[gustnado::test(timeout = 0.05)]
#[should_panic(expected = "the test has missed a wake-up: polled once more, it ended")]
async fn a_test_that_is_ready_but_never_woken_fails() {
    let begin = std::time::Instant::now();
    poll_fn(|_| match begin.elapsed() > Duration::from_millis(40) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

#[gustnado::test]
#[should_panic(expected = "in a callback")]
async fn the_panic_of_a_callback_is_the_tests() {
    IOLoop::current().add_callback(|| panic!("in a callback"));
    pending::<()>().await;
}

#[gustnado::test]
#[should_panic(expected = "in a task")]
async fn the_panic_of_a_task_that_nobody_joins_is_the_tests() {
    drop(spawn(async { panic!("in a task") }));
    pending::<()>().await;
}

#[gustnado::test(leaks = "deny")]
async fn the_panic_of_a_task_that_somebody_joins_is_theirs() {
    assert!(spawn(async { panic!("in a task") }).await.unwrap_err().is_panic());
}

#[gustnado::test(leaks = "deny")]
#[should_panic(expected = "dump::a_task_that_goes_on_is_a_leak left behind:
  the task dump::fetch, spawned at runtime/tests/dump.rs:")]
async fn a_task_that_goes_on_is_a_leak() {
    drop(spawn(fetch()));
}

#[gustnado::test(leaks = "deny")]
#[should_panic(expected = "left behind:\n  open: a listening socket on 127.0.0.1:")]
async fn a_socket_that_stays_open_is_a_leak() {
    let server = TCPServer::new(async |_stream: IOStream, _| ());
    server.listen(([127, 0, 0, 1], 0).into()).unwrap();
    std::mem::forget(server);
}

#[gustnado::test(leaks = "allow")]
async fn a_leak_may_be_allowed() {
    drop(spawn(fetch()));
}

#[gustnado::test(leaks = "deny")]
async fn what_ends_when_the_test_does_is_no_leak() {
    let event = Rc::new(Event::new());
    let waiter = event.clone();
    drop(spawn(async move {
        waiter.wait().await;
        moment().await;
    }));
    let server = TCPServer::new(async |stream: IOStream, _| {
        let _ = stream.read_until_close().await;
    });
    let address = server.listen(([127, 0, 0, 1], 0).into()).unwrap();
    let stream = IOStream::connect(address).await.unwrap();
    stream.write(b"x").await.unwrap();
    event.set();
}

#[test]
fn a_test_that_fails_and_leaks_says_both() {
    let test = Test { name: "leaks", limit: None, leaks: Leaks::Deny };
    let failing = async {
        drop(spawn(fetch()));
        "seven".parse::<u8>().map(drop)
    };
    let payload = catch_unwind(AssertUnwindSafe(|| run_test(test, failing))).unwrap_err();
    let text = payload.downcast_ref::<String>().unwrap();
    let start = "leaks: it has returned an error; it left behind:\n  the task dump::fetch, ";
    assert!(text.starts_with(start), "{text}");
}

#[gustnado::test(simulated)]
#[should_panic(expected = "
  the test waits at
    dump::a_test_that_is_stuck_in_a_simulated_world_says_where (tests/dump.rs:")]
async fn a_test_that_is_stuck_in_a_simulated_world_says_where() {
    Event::new().wait().await;
}

#[gustnado::test(simulated, leaks = "deny")]
#[should_panic(expected = "left behind:\n  open: a listening socket on 127.0.0.1:")]
async fn a_simulated_socket_that_stays_open_is_a_leak() {
    let server = TCPServer::new(async |_stream: IOStream, _| ());
    server.listen(([127, 0, 0, 1], 0).into()).unwrap();
    std::mem::forget(server);
}

#[gustnado::test(simulated, leaks = "deny")]
async fn what_ends_when_a_simulated_test_does_is_no_leak() {
    let server = TCPServer::new(async |stream: IOStream, _| {
        let _ = stream.read_until_close().await;
    });
    let address = server.listen(([127, 0, 0, 1], 0).into()).unwrap();
    let stream = IOStream::connect(address).await.unwrap();
    stream.write(b"x").await.unwrap();
}
