//! Task-locals and error handlers, under the names of Tornado's own tests where it has them (`gen_test`'s of context variables,
//! and those of `stack_context`).

use gustnado::coroutine::{Multi, moment, sleep, with_timeout};
use gustnado::ioloop::{ErrorHandler, Events, IOLoop, Local, Locals, run_in_executor, spawn};
use gustnado::jobs::Jobs;
use gustnado::locks::Event;
use gustnado::testing::Log;
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

static NAME: Local<&'static str> = Local::new();
static NUMBER: Local<u32> = Local::new();

fn run<T>(future: impl Future<Output = T>) -> T {
    IOLoop::new().unwrap().run_sync_within(Duration::from_secs(20), future).unwrap()
}

/// Where callbacks leave what they have seen.
#[derive(Clone, Default)]
struct Seen(Rc<RefCell<Vec<Option<&'static str>>>>);

impl Seen {
    /// A callback that notes what is set when it runs, and sets something else.
    fn look(&self) -> impl FnOnce() + use<> {
        let seen = self.clone();
        move || {
            seen.0.borrow_mut().push(NAME.cloned());
            NAME.set("of a callback");
        }
    }

    fn take(&self) -> Vec<Option<&'static str>> {
        self.0.take()
    }
}

#[test]
fn what_is_set_is_visible_after_waiting_and_nowhere_else() {
    run(async {
        let tasks = ["a", "b", "c"].map(|name| {
            spawn(async move {
                assert_eq!(NAME.cloned(), None);
                NAME.set(name);
                for _ in 0..3 {
                    moment().await;
                    assert_eq!(NAME.cloned(), Some(name));
                    sleep(Duration::from_millis(1)).await;
                    assert_eq!(NAME.with(|name| name.len()), Some(1));
                }
                NAME.unset();
                moment().await;
                assert_eq!(NAME.cloned(), None);
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(NAME.cloned(), None);
    });
}

#[test]
fn a_child_begins_with_what_its_parent_had_when_it_was_spawned() {
    run(async {
        NAME.set("before");
        let child = spawn(async {
            assert_eq!(NAME.cloned(), Some("before"));
            NAME.set("of the child");
            let grandchild = spawn(async { NAME.cloned() });
            moment().await;
            (NAME.cloned(), grandchild.await.unwrap())
        });
        NAME.set("after");
        assert_eq!(child.await.unwrap(), (Some("of the child"), Some("of the child")));
        assert_eq!(NAME.cloned(), Some("after"));
    });
}

#[test]
fn two_variables_of_one_type_are_two() {
    static OTHER: Local<&'static str> = Local::new();
    run(async {
        NAME.set("one");
        assert_eq!(OTHER.cloned(), None);
        OTHER.set("two");
        NUMBER.set(3);
        assert_eq!(
            (NAME.cloned(), OTHER.cloned(), NUMBER.cloned()),
            (Some("one"), Some("two"), Some(3))
        );
        NAME.unset();
        assert_eq!((NAME.cloned(), OTHER.cloned(), NUMBER.cloned()), (None, Some("two"), Some(3)));
    });
}

#[test]
fn who_is_awaited_shares_with_who_awaits_and_so_do_all_of_a_multi() {
    run(async {
        async { NAME.set("of the awaited") }.await;
        assert_eq!(NAME.cloned(), Some("of the awaited"));
        let set = async |name| {
            NAME.set(name);
            Ok::<(), std::fmt::Error>(())
        };
        Multi((set("first"), set("second"))).await.unwrap();
        assert_eq!(NAME.cloned(), Some("second"));
    });
}

#[test]
fn a_scope_keeps_what_is_set_inside() {
    run(async {
        NAME.set("outside");
        NUMBER.set(1);
        let scope = NAME.scope("inside", async {
            moment().await;
            assert_eq!(NAME.cloned(), Some("inside"));
            NUMBER.set(2);
            moment().await;
            assert_eq!(NUMBER.cloned(), Some(2));
            spawn(async { NAME.cloned() }).await.unwrap()
        });
        assert_eq!(scope.await, Some("inside"));
        assert_eq!((NAME.cloned(), NUMBER.cloned()), (Some("outside"), Some(1)));
    });
}

#[test]
fn callbacks_timeouts_and_handlers_run_with_what_was_set_where_they_were_added() {
    run(async {
        let (seen, io_loop) = (Seen::default(), IOLoop::current());
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(b"a").unwrap();
        NAME.set("added");
        io_loop.add_callback(seen.look());
        io_loop.call_later(Duration::from_millis(1), seen.look());
        io_loop.add_future(
            async {
                assert_eq!(NAME.cloned(), Some("added"));
                NAME.set("of the future");
            },
            {
                let look = seen.look();
                |()| look()
            },
        );
        let calls = Rc::new(Cell::new(0));
        let handler = {
            let (seen, calls) = (seen.clone(), calls.clone());
            move |fd, _: Events| {
                seen.look()();
                calls.set(calls.get() + 1);
                if calls.get() == 2 {
                    IOLoop::current().remove_handler(fd);
                }
            }
        };
        io_loop.add_handler(ours.as_raw_fd(), handler, Events::READ).unwrap();
        NAME.set("after");
        while seen.0.borrow().len() < 5 {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(seen.take(), [Some("added"); 5]);
        assert_eq!(NAME.cloned(), Some("after"));
    });
}

#[test]
fn what_comes_from_another_thread_begins_with_nothing() {
    run(async {
        NAME.set("here");
        let handle = IOLoop::current().handle();
        let seen = Rc::new(Cell::new(None));
        let callback = run_in_executor(move || {
            assert_eq!(NAME.cloned(), None);
            handle.add_callback(|| {
                assert_eq!(NAME.cloned(), None);
                NAME.set("of the callback");
            });
            handle.spawn(|| async { assert_eq!(NAME.cloned(), None) });
        });
        callback.await.unwrap();
        let noted = seen.clone();
        IOLoop::current().add_callback(move || noted.set(NAME.cloned()));
        moment().await;
        moment().await;
        assert_eq!(seen.get(), Some("here"));
    });
}

#[test]
fn an_operation_that_goes_on_after_its_timeout_keeps_what_was_set() {
    run(async {
        NAME.set("of the caller");
        let seen = Rc::new(Cell::new(None));
        let goes_on = Rc::new(Event::new());
        let operation = {
            let (seen, goes_on) = (seen.clone(), goes_on.clone());
            async move {
                goes_on.wait().await;
                seen.set(NAME.cloned());
            }
        };
        assert!(with_timeout(Duration::from_millis(1), operation).await.is_err());
        NAME.set("after");
        goes_on.set();
        while seen.get().is_none() {
            moment().await;
        }
        assert_eq!(seen.get(), Some("of the caller"));
    });
}

#[test]
fn a_job_runs_with_what_was_set_where_it_was_submitted_whoever_makes_room_for_it() {
    run(async {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let jobs = Jobs::new("jobs").concurrency(1);
        for name in ["first", "second"] {
            NAME.set(name);
            let seen = seen.clone();
            let job = async move || seen.borrow_mut().push((name, NAME.cloned()));
            jobs.try_submit(job).unwrap();
        }
        NAME.unset();
        jobs.shutdown(Duration::from_secs(10)).await;
        let expected = [("first", Some("first")), ("second", Some("second"))];
        assert_eq!(*seen.borrow(), expected);
    });
}

#[test]
fn a_loop_does_not_inherit_but_its_first_coroutine_does_and_gives_nothing_back() {
    let io_loop = IOLoop::new().unwrap();
    let seen = Seen::default();
    io_loop.add_callback(seen.look());
    NAME.set("outside");
    let inside = io_loop.run_sync(async {
        let name = NAME.cloned();
        NAME.set("inside");
        name
    });
    assert_eq!(inside.unwrap(), Some("outside"));
    assert_eq!(NAME.cloned(), Some("outside"));
    assert_eq!(seen.take(), [None]);
    let panics = || io_loop.run_sync(async { panic!("on purpose") });
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics));
    assert!(panicked.is_err());
    assert_eq!(NAME.cloned(), Some("outside"), "also after a panic");
}

#[test]
fn destructors_see_what_their_task_had_set() {
    struct Look(Rc<Cell<Option<&'static str>>>);

    impl Drop for Look {
        fn drop(&mut self) {
            self.0.set(NAME.cloned());
        }
    }

    run(async {
        let seen = Rc::new(Cell::new(None));
        for cancel in [false, true] {
            let look = Look(seen.clone());
            let task = spawn(NAME.scope("outer", async move {
                let _look = look;
                NAME.set("of the task");
                if cancel {
                    std::future::pending::<()>().await;
                }
            }));
            moment().await;
            task.cancel();
            assert_eq!(seen.take(), Some("of the task"));
        }
    });
}

#[test]
fn values_live_as_long_as_somebody_can_see_them() {
    static VALUE: Local<Rc<()>> = Local::new();
    run(async {
        let value = Rc::new(());
        let task = spawn({
            let value = value.clone();
            async move {
                VALUE.set(value);
                IOLoop::current().call_later(Duration::from_millis(5), || {});
            }
        });
        moment().await;
        assert!(task.is_finished());
        assert_eq!(Rc::strong_count(&value), 2, "the timeout has it");
        sleep(Duration::from_millis(10)).await;
        assert_eq!(Rc::strong_count(&value), 1);
        for _ in 0..1000 {
            VALUE.set(value.clone());
        }
        assert_eq!(Rc::strong_count(&value), 2, "what is replaced is gone");
        VALUE.unset();
        assert_eq!(Rc::strong_count(&value), 1);
    });
}

#[test]
fn a_value_may_be_set_while_it_is_looked_at() {
    run(async {
        NAME.set("old");
        let old = NAME.with(|name| {
            NAME.set("new");
            NAME.unset();
            *name
        });
        assert_eq!((old, NAME.cloned()), (Some("old"), None));
    });
}

#[test]
fn a_value_whose_destructor_panics_is_reported_and_ends_nothing() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "the value's destructor");
        }
    }

    static BOMB: Local<Bomb> = Local::new();
    let log = Log::capture();
    run(async {
        spawn(async { BOMB.set(Bomb) }).await.unwrap();
        IOLoop::current().add_callback(|| BOMB.set(Bomb));
        moment().await;
        moment().await;
    });
    assert_eq!(log.count("Exception in task-local"), 2, "{log:?}");
}

#[test]
fn what_is_left_at_the_end_of_a_thread_is_dropped() {
    struct Send(std::sync::mpsc::Sender<()>);

    impl Drop for Send {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }

    static LEFT: Local<Send> = Local::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || LEFT.set(Send(sender))).join().unwrap();
    receiver.try_recv().unwrap();
}

// What follows is `stack_context_test`, as far as Rust's types leave something to test: there is nothing to enter and to leave in
// the wrong order, so `StackContextInconsistentError`, `deactivate` and the tests of them are gone.

#[test]
fn test_pre_wrap() {
    run(async {
        NAME.set("when it was wrapped");
        let wrapped = {
            let locals = Locals::current();
            move || locals.run(|| NAME.cloned())
        };
        NAME.set("when it is called");
        assert_eq!(wrapped(), Some("when it was wrapped"));
        assert_eq!(wrapped(), Some("when it was wrapped"), "as often as one likes");
        assert_eq!(NAME.cloned(), Some("when it is called"));
    });
}

#[test]
fn test_isolation_nonempty() {
    // The callback is called in another context than it was wrapped in; what it adds to the loop belongs to its own.
    run(async {
        let seen = Seen::default();
        NAME.set("one");
        let wrapped = {
            let (locals, seen) = (Locals::current(), seen.clone());
            move || locals.run(|| IOLoop::current().add_callback(seen.look()))
        };
        NAME.set("two");
        IOLoop::current().add_callback(wrapped);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(seen.take(), [Some("one")]);
    });
}

#[test]
fn test_isolation_empty() {
    run(async {
        let seen = Seen::default();
        NAME.set("one");
        let look = seen.look();
        Locals::default().run(|| IOLoop::current().add_callback(look));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(seen.take(), [None]);
        assert_eq!(NAME.cloned(), Some("one"));
    });
}

#[test]
fn test_exit_library_context() {
    // A library sets something for itself; the application's callback does not see it.
    fn library(callback: impl FnOnce() + 'static) {
        let locals = Locals::current();
        NAME.set("of the library");
        IOLoop::current().add_callback(move || {
            assert_eq!(NAME.cloned(), Some("of the library"));
            locals.run(callback);
        });
    }

    run(async {
        let seen = Seen::default();
        Locals::current().run(|| library(seen.look()));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(seen.take(), [None]);
    });
}

/// A handler that notes what it is told, and says that this was all, or not.
fn noting(told: &Rc<RefCell<Vec<String>>>, name: &'static str, enough: bool) -> ErrorHandler {
    let told = told.clone();
    ErrorHandler::new(move |failure| {
        let (what, message) = (failure.what(), failure.message());
        told.borrow_mut().push(format!("{name}: {what}: {message}"));
        enough
    })
}

#[test]
fn an_error_handler_is_told_of_callbacks_timeouts_and_tasks_however_far_away() {
    let log = Log::capture();
    let told = Rc::<RefCell<Vec<String>>>::default();
    run(noting(&told, "handler", true).scope(async {
        let io_loop = IOLoop::current();
        io_loop.add_callback(|| panic!("callback"));
        io_loop.call_later(Duration::from_millis(1), || {
            IOLoop::current().add_callback(|| {
                drop(spawn(async {
                    moment().await;
                    panic!("far away")
                }));
            });
        });
        assert!(spawn(async { panic!("task") }).await.unwrap_err().is_panic());
        while told.borrow().len() < 3 {
            sleep(Duration::from_millis(1)).await;
        }
    }));
    assert_eq!(
        *told.borrow(),
        ["handler: callback: callback", "handler: task: task", "handler: task: far away"]
    );
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn handlers_are_told_from_the_innermost_outwards_until_one_says_that_it_is_enough() {
    let log = Log::capture();
    let told = Rc::default();
    run(noting(&told, "outer", true).scope(async {
        noting(&told, "middle", false).run(|| {
            noting(&told, "inner", false).run(|| IOLoop::current().add_callback(|| panic!("a")));
            noting(&told, "inner", true).run(|| IOLoop::current().add_callback(|| panic!("b")));
            IOLoop::current().add_callback(|| panic!("c"));
        });
        moment().await;
        moment().await;
    }));
    let a = ["inner: callback: a", "middle: callback: a", "outer: callback: a"];
    let c = ["middle: callback: c", "outer: callback: c"];
    assert_eq!(*told.borrow(), [&a[..], &["inner: callback: b"], &c[..]].concat());
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn what_no_handler_wants_goes_to_the_log() {
    let log = Log::capture();
    let told = Rc::default();
    run(async {
        noting(&told, "handler", false)
            .run(|| IOLoop::current().add_callback(|| panic!("on purpose")));
        moment().await;
        moment().await;
        Locals::default().run(|| IOLoop::current().add_callback(|| panic!("of nobody")));
        moment().await;
        moment().await;
    });
    assert_eq!(*told.borrow(), ["handler: callback: on purpose"]);
    let lines = log.take();
    assert_eq!(lines.len(), 2);
    for (line, message) in lines.iter().zip(["on purpose", "of nobody"]) {
        assert!(line.starts_with("ERROR gustnado.application Exception in callback "), "{line}");
        assert!(line.contains("locals.rs:") && line.ends_with(message), "{line}");
    }
}

#[test]
fn a_panic_inside_is_the_handlers_too_and_goes_on_if_it_does_not_want_it() {
    let log = Log::capture();
    let told = Rc::default();
    run(async {
        let swallowing = noting(&told, "all", true);
        assert_eq!(swallowing.scope(async { 1 }).await, Some(1));
        assert_eq!(swallowing.run(|| 2), Some(2));
        let panics = async {
            moment().await;
            panic!("awaited")
        };
        assert_eq!(
            swallowing.scope::<std::pin::Pin<Box<dyn Future<Output = u8>>>>(Box::pin(panics)).await,
            None
        );
        assert_eq!(swallowing.run(|| -> u8 { panic!("called") }), None);
        let task = spawn(noting(&told, "none", false).scope(async { panic!("in a task") }));
        assert!(task.await.unwrap_err().is_panic());
    });
    assert_eq!(
        *told.borrow(),
        ["all: coroutine: awaited", "all: callback: called", "none: coroutine: in a task"]
    );
    assert_eq!(log.count("Exception in task"), 1);
}

#[test]
fn a_handler_that_panics_is_told_to_those_around_it_and_so_is_what_it_was_told() {
    let log = Log::capture();
    let told = Rc::default();
    run(noting(&told, "outer", true).scope(async {
        ErrorHandler::new(|_| panic!("the handler")).run(|| {
            IOLoop::current().add_callback(|| panic!("the callback"));
        });
        moment().await;
        moment().await;
    }));
    assert_eq!(
        *told.borrow(),
        ["outer: error handler: the handler", "outer: callback: the callback"]
    );
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn a_handler_sees_what_was_set_for_who_failed_and_what_it_starts_is_not_its_own() {
    let told = Rc::default();
    run(noting(&told, "outer", true).scope(async {
        let seen = Seen::default();
        let handler = ErrorHandler::new({
            let seen = seen.clone();
            move |_| {
                seen.look()();
                IOLoop::current().add_callback(|| panic!("of the handler"));
                true
            }
        });
        handler.run(|| {
            NAME.set("inside");
            IOLoop::current().add_callback(|| {
                NAME.set("of the callback");
                panic!("of the callback")
            });
        });
        sleep(Duration::from_millis(1)).await;
        assert_eq!(seen.take(), [Some("of the callback")]);
    }));
    assert_eq!(*told.borrow(), ["outer: callback: of the handler"]);
}

#[test]
fn a_failure_says_what_it_is_and_where() {
    let failures = Rc::new(RefCell::new(Vec::new()));
    let handler = ErrorHandler::new({
        let failures = failures.clone();
        move |failure| {
            let line = failure.place().unwrap().line();
            let payload = failure.payload().unwrap().downcast_ref::<u8>().copied();
            failures.borrow_mut().push((line, payload, failure.to_string()));
            true
        }
    });
    let line = line!() + 2;
    run(handler.scope(async {
        let task = spawn(async { std::panic::panic_any(7_u8) });
        assert!(task.await.is_err());
    }));
    let failures = failures.borrow();
    let (told, payload, text) = &failures[0];
    assert_eq!((*told, *payload), (line, Some(7)));
    assert!(text.starts_with("Exception in task locals::a_failure_says_what_it_is"), "{text}");
    assert!(text.ends_with("(no message)"), "{text}");
}
