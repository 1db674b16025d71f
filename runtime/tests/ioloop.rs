//! The loop's semantics, under the names of Tornado's own tests where it has them.

use gustnado::coroutine::{moment, sleep};
use gustnado::ioloop::{Events, IOLoop, RunSyncError, Signal, Signals, spawn};
use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

type Order = Rc<RefCell<Vec<u32>>>;

fn note(order: &Order, what: u32) -> impl FnOnce() + 'static {
    let order = order.clone();
    move || order.borrow_mut().push(what)
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn add_callback_is_first_in_first_out_and_what_it_adds_runs_in_the_next_turn() {
    let io_loop = IOLoop::new().unwrap();
    let order = Order::default();
    io_loop.add_callback({
        let (io_loop, order) = (io_loop.clone(), order.clone());
        move || {
            order.borrow_mut().push(1);
            io_loop.add_callback(note(&order, 4));
            // Due at once, and timeouts come after the callbacks of this turn, before those of the next.
            io_loop.call_later(Duration::ZERO, note(&order, 3));
            io_loop.stop();
        }
    });
    io_loop.add_callback(note(&order, 2));
    io_loop.start().unwrap();
    assert_eq!(*order.borrow(), [1, 2, 3]);
    io_loop.stop();
    io_loop.start().unwrap();
    assert_eq!(*order.borrow(), [1, 2, 3, 4]);
}

#[test]
fn stop_before_start_makes_start_return_after_one_turn() {
    let io_loop = IOLoop::new().unwrap();
    io_loop.stop();
    io_loop.start().unwrap();
}

#[test]
fn add_callback_wakeup_other_thread() {
    let io_loop = IOLoop::new().unwrap();
    let handle = io_loop.handle();
    let begin = Instant::now();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(milliseconds(20));
        handle.add_callback(|| IOLoop::current().stop());
    });
    io_loop.start().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(2));
    thread.join().unwrap();
}

#[test]
fn a_handle_spawns_from_another_thread_what_is_not_send() {
    let io_loop = IOLoop::new().unwrap();
    let handle = io_loop.handle();
    std::thread::spawn(move || {
        handle.spawn(|| async {
            let local = Rc::new(1);
            moment().await;
            assert_eq!(*local, 1);
            IOLoop::current().stop();
        });
    });
    io_loop.start().unwrap();
}

#[test]
fn add_callback_while_closing_is_ignored() {
    let io_loop = IOLoop::new().unwrap();
    let handle = io_loop.handle();
    io_loop.close();
    handle.add_callback(|| panic!("the loop is gone"));
}

#[test]
fn timeouts_run_in_the_order_of_their_deadlines_and_equal_ones_in_the_order_of_their_calls() {
    let io_loop = IOLoop::new().unwrap();
    let order = Order::default();
    let when = io_loop.time() + milliseconds(5);
    io_loop.call_at(when + milliseconds(1), note(&order, 3));
    io_loop.call_at(when, note(&order, 1));
    io_loop.call_at(when, note(&order, 2));
    io_loop.add_timeout(milliseconds(10), {
        let io_loop = io_loop.clone();
        move || io_loop.stop()
    });
    io_loop.start().unwrap();
    assert_eq!(*order.borrow(), [1, 2, 3]);
}

#[test]
fn remove_timeout_from_timeout() {
    let io_loop = IOLoop::new().unwrap();
    let order = Order::default();
    let when = io_loop.time();
    let second = Rc::new(Cell::new(None));
    io_loop.call_at(when, {
        let (io_loop, order, second) = (io_loop.clone(), order.clone(), second.clone());
        move || {
            order.borrow_mut().push(1);
            io_loop.remove_timeout(second.get().unwrap());
        }
    });
    second.set(Some(io_loop.call_at(when, note(&order, 2))));
    io_loop.call_later(milliseconds(2), {
        let io_loop = io_loop.clone();
        move || io_loop.stop()
    });
    io_loop.start().unwrap();
    assert_eq!(*order.borrow(), [1]);
}

#[test]
fn remove_timeout_after_fire_is_ignored() {
    let io_loop = IOLoop::new().unwrap();
    let timeout = io_loop.call_later(Duration::ZERO, || {});
    io_loop.run_sync(sleep(milliseconds(1))).unwrap();
    io_loop.remove_timeout(timeout);
}

#[test]
fn a_handler_hears_of_a_level_until_it_is_removed() {
    let io_loop = IOLoop::new().unwrap();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    theirs.write_all(b"abc").unwrap();
    let text = Rc::new(RefCell::new(String::new()));
    let reader = ours.try_clone().unwrap();
    let (told, seen) = (io_loop.clone(), text.clone());
    let handler = move |fd, events: Events| {
        assert!(events.contains(Events::READ));
        let mut byte = [0];
        (&reader).read_exact(&mut byte).unwrap();
        seen.borrow_mut().push(char::from(byte[0]));
        if seen.borrow().len() == 3 {
            told.remove_handler(fd);
            told.stop();
        }
    };
    io_loop.add_handler(ours.as_raw_fd(), handler, Events::READ).unwrap();
    io_loop.start().unwrap();
    assert_eq!(*text.borrow(), "abc");
}

#[test]
fn adding_a_handler_twice_is_an_error() {
    let io_loop = IOLoop::new().unwrap();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    io_loop.add_handler(ours.as_raw_fd(), |_, _| {}, Events::READ).unwrap();
    let error = io_loop.add_handler(ours.as_raw_fd(), |_, _| {}, Events::READ).unwrap_err();
    assert!(error.to_string().contains("added twice"));
    io_loop.remove_handler(ours.as_raw_fd());
    io_loop.add_handler(ours.as_raw_fd(), |_, _| {}, Events::WRITE).unwrap();
}

#[test]
fn remove_without_add_is_silent() {
    IOLoop::new().unwrap().remove_handler(12_345);
}

#[test]
fn handler_removed_by_another_in_the_same_turn_is_not_called() {
    let io_loop = IOLoop::new().unwrap();
    let (first, mut one) = UnixStream::pair().unwrap();
    let (second, mut two) = UnixStream::pair().unwrap();
    one.write_all(b"1").unwrap();
    two.write_all(b"2").unwrap();
    let calls = Rc::new(Cell::new(0));
    for (ours, other) in [(&first, &second), (&second, &first)] {
        let (io_loop, calls, other) = (io_loop.clone(), calls.clone(), other.as_raw_fd());
        let handler = {
            let io_loop = io_loop.clone();
            move |fd, _| {
                calls.set(calls.get() + 1);
                io_loop.remove_handler(other);
                io_loop.remove_handler(fd);
                io_loop.call_later(milliseconds(5), {
                    let io_loop = io_loop.clone();
                    move || io_loop.stop()
                });
            }
        };
        io_loop.add_handler(ours.as_raw_fd(), handler, Events::READ).unwrap();
    }
    io_loop.start().unwrap();
    assert_eq!(calls.get(), 1);
}

#[test]
fn update_handler_changes_what_is_heard() {
    let io_loop = IOLoop::new().unwrap();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let (told, writable) = (io_loop.clone(), Rc::new(Cell::new(0)));
    let seen = writable.clone();
    let handler = move |fd, events: Events| {
        assert!(events.contains(Events::WRITE));
        seen.set(seen.get() + 1);
        told.update_handler(fd, Events::NONE).unwrap();
    };
    io_loop.add_handler(ours.as_raw_fd(), handler, Events::READ).unwrap();
    io_loop.run_sync(sleep(milliseconds(3))).unwrap();
    assert_eq!(writable.get(), 0, "nothing to read");
    io_loop.update_handler(ours.as_raw_fd(), Events::WRITE).unwrap();
    io_loop.run_sync(sleep(milliseconds(3))).unwrap();
    assert_eq!(writable.get(), 1, "writable, then at rest");
    assert!(io_loop.update_handler(12_345, Events::READ).is_err());
    io_loop.close();
}

#[test]
fn run_sync_timeout() {
    let io_loop = IOLoop::new().unwrap();
    let error =
        io_loop.run_sync_within(milliseconds(10), sleep(Duration::from_secs(60))).unwrap_err();
    assert_eq!(error.to_string(), "Operation timed out after 0.01 seconds");
    assert_eq!(io_loop.run_sync_within(Duration::from_secs(5), async { 3 }).unwrap(), 3);
}

#[test]
fn run_sync_stopped_early() {
    let io_loop = IOLoop::new().unwrap();
    let stopped = io_loop.run_sync(async {
        IOLoop::current().stop();
        sleep(Duration::from_secs(60)).await;
    });
    assert!(matches!(stopped, Err(RunSyncError::Stopped)));
}

#[test]
fn run_sync_borrows_from_its_caller() {
    let io_loop = IOLoop::new().unwrap();
    let mut text = String::from("a");
    io_loop
        .run_sync(async {
            moment().await;
            text.push('b');
        })
        .unwrap();
    assert_eq!(text, "ab");
}

#[test]
fn add_future_never_calls_back_at_once() {
    let io_loop = IOLoop::new().unwrap();
    let order = Order::default();
    let (told, noted) = (io_loop.clone(), order.clone());
    io_loop.add_future(async { 2 }, move |value| {
        noted.borrow_mut().push(value);
        told.stop();
    });
    order.borrow_mut().push(1);
    io_loop.start().unwrap();
    assert_eq!(*order.borrow(), [1, 2]);
}

#[test]
fn a_cancelled_task_drops_its_future_at_once_and_says_so() {
    let io_loop = IOLoop::new().unwrap();
    let owned = Rc::new(());
    let kept = owned.clone();
    let task = io_loop.spawn(async move {
        let _kept = kept;
        sleep(Duration::from_secs(60)).await;
    });
    io_loop.run_sync(moment()).unwrap();
    assert_eq!(Rc::strong_count(&owned), 2);
    task.cancel();
    assert_eq!(Rc::strong_count(&owned), 1);
    assert!(io_loop.run_sync(task).unwrap().unwrap_err().is_cancelled());
}

#[test]
fn a_task_that_cancels_itself_ends_when_it_waits() {
    let io_loop = IOLoop::new().unwrap();
    let handle = Rc::new(RefCell::new(None));
    let own = handle.clone();
    let steps = Rc::new(Cell::new(0));
    let counted = steps.clone();
    *handle.borrow_mut() = Some(io_loop.spawn(async move {
        own.borrow().as_ref().map(gustnado::ioloop::JoinHandle::cancel);
        counted.set(1);
        moment().await;
        counted.set(2);
    }));
    io_loop.run_sync(sleep(milliseconds(2))).unwrap();
    assert_eq!(steps.get(), 1);
}

#[test]
fn a_dropped_handle_lets_its_task_go_on() {
    let io_loop = IOLoop::new().unwrap();
    let done = Rc::new(Cell::new(false));
    let told = done.clone();
    drop(io_loop.spawn(async move {
        moment().await;
        told.set(true);
    }));
    io_loop.run_sync(sleep(milliseconds(2))).unwrap();
    assert!(done.get());
}

#[test]
fn a_panic_ends_its_task_and_nothing_else() {
    let io_loop = IOLoop::new().unwrap();
    io_loop.add_callback(|| panic!("in a callback"));
    io_loop.call_later(Duration::ZERO, || panic!("in a timeout"));
    let task = io_loop.spawn(async { panic!("in task {}", 1) });
    let error = io_loop.run_sync(task).unwrap().unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.to_string(), "the task panicked: in task 1");
    assert_eq!(io_loop.run_sync(async { 1 }).unwrap(), 1);
}

#[test]
fn a_task_that_is_always_ready_starves_neither_timeouts_nor_events() {
    let io_loop = IOLoop::new().unwrap();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let busy = io_loop.spawn(async {
        loop {
            moment().await;
        }
    });
    let heard = Rc::new(Cell::new(false));
    let told = heard.clone();
    io_loop.add_handler(ours.as_raw_fd(), move |_, _| told.set(true), Events::READ).unwrap();
    theirs.write_all(b"x").unwrap();
    io_loop.run_sync_within(Duration::from_secs(5), sleep(milliseconds(10))).unwrap();
    assert!(heard.get());
    busy.cancel();
}

#[test]
fn wakers_work_from_other_threads_and_after_their_loop() {
    let io_loop = IOLoop::new().unwrap();
    let kept = io_loop
        .run_sync(async {
            let mut kept = None;
            let mut woken = false;
            std::future::poll_fn(|cx| {
                if std::mem::replace(&mut woken, true) {
                    return std::task::Poll::Ready(());
                }
                let waker = cx.waker().clone();
                kept = Some(waker.clone());
                std::thread::spawn(move || {
                    std::thread::sleep(milliseconds(10));
                    waker.wake();
                });
                std::task::Poll::Pending
            })
            .await;
            kept
        })
        .unwrap();
    io_loop.close();
    kept.unwrap().wake();
}

#[test]
fn close_drops_what_the_loop_holds() {
    let io_loop = IOLoop::new().unwrap();
    let owned = Rc::new(());
    let holders = [(); 4].map(|()| owned.clone());
    let [task, callback, timeout, handler] = holders;
    let (ours, _theirs) = UnixStream::pair().unwrap();
    drop(io_loop.spawn(async move {
        let _task = task;
        sleep(Duration::from_secs(60)).await;
    }));
    io_loop.run_sync(moment()).unwrap();
    io_loop.add_callback(move || drop(callback));
    io_loop.call_later(Duration::from_secs(60), move || drop(timeout));
    io_loop.add_handler(ours.as_raw_fd(), move |_, _| drop(handler.clone()), Events::READ).unwrap();
    io_loop.close();
    assert_eq!(Rc::strong_count(&owned), 1);
    assert!(IOLoop::try_current().is_none());
}

#[test]
fn current_is_the_loop_that_runs() {
    let outer = IOLoop::new().unwrap();
    let inner = IOLoop::new().unwrap();
    let mut task = None;
    inner.run_sync(async { task = Some(spawn(async {})) }).unwrap();
    assert!(!task.unwrap().is_finished(), "it waits for a turn of the inner loop");
    inner.close();
    assert!(outer.run_sync(async { spawn(async {}).await.is_ok() }).unwrap());
}

#[test]
fn signals_arrive_as_events() {
    let io_loop = IOLoop::new().unwrap();
    let received = io_loop.run_sync_within(Duration::from_secs(5), async {
        let mut signals = Signals::new(&[Signal::Hangup, Signal::Terminate]).unwrap();
        let pid = std::process::id().to_string();
        std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        signals.recv().await.unwrap()
    });
    assert_eq!(received.unwrap(), Signal::Terminate);
}
