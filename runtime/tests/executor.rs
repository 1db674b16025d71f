//! `run_in_executor` and its threads, under the names of Tornado's tests where it has them. Its decorator `run_on_executor` is a method
//! that calls [`Executor::run`] here, and needs no test of its own.

use gustnado::coroutine::{Multi, moment, sleep};
use gustnado::ioloop::{Executor, IOLoop, JoinError, run_in_executor, spawn};
use gustnado::testing::Log;
use gustnado_tests::{PATIENCE, eventually, milliseconds};
use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

fn run<F: Future>(test: F) -> F::Output {
    let io_loop = IOLoop::new().unwrap();
    let output = io_loop.run_sync_within(PATIENCE, test).unwrap();
    io_loop.close();
    output
}

/// A job that waits until it is told to go on; tells when it has begun.
fn gate() -> (impl FnOnce() + Send + 'static, Receiver<()>, Sender<()>) {
    let (begin, begun) = channel();
    let (release, released) = channel();
    let job = move || {
        begin.send(()).unwrap();
        released.recv_timeout(PATIENCE).unwrap();
    };
    (job, begun, release)
}

/// Sends when it is dropped.
struct Dropped(Sender<thread::ThreadId>);

impl Drop for Dropped {
    fn drop(&mut self) {
        // Nobody may care.
        let _ = self.0.send(thread::current().id());
    }
}

#[test]
fn test_set_default_executor() {
    run(async {
        let executor = Executor::new(1);
        let here = thread::current().id();
        let there = executor.run(|| thread::current().id()).await.unwrap();
        assert_ne!(here, there);
        IOLoop::current().set_default_executor(executor.clone());
        assert_eq!(run_in_executor(|| thread::current().id()).await.unwrap(), there);
        let own = IOLoop::current().run_in_executor(|| thread::current().id()).await.unwrap();
        assert_eq!(own, there);
        // The one of the process is another.
        let others = thread::spawn(|| run(run_in_executor(|| thread::current().id())).unwrap());
        assert_ne!(others.join().unwrap(), there);
    });
}

#[test]
fn test_run_in_executor_gen() {
    // Two jobs that cannot end without each other, and a loop that goes on meanwhile.
    run(async {
        let barrier = Arc::new(Barrier::new(2));
        let job = || {
            let barrier = barrier.clone();
            run_in_executor(move || barrier.wait().is_leader())
        };
        let turns = Rc::new(Cell::new(0));
        let counted = turns.clone();
        let (both, _) = Multi((Multi([job(), job()]), async move {
            while counted.get() < 3 {
                moment().await;
                counted.set(counted.get() + 1);
            }
            Ok::<(), JoinError>(())
        }))
        .await
        .unwrap();
        assert_ne!(both[0], both[1]);
        assert_eq!(turns.get(), 3);
    });
}

#[test]
fn jobs_begin_with_the_call_not_with_the_await() {
    run(async {
        let (job, begun, release) = gate();
        let execution = Executor::new(1).run(job);
        begun.recv_timeout(PATIENCE).unwrap();
        release.send(()).unwrap();
        execution.await.unwrap();
    });
}

#[test]
fn never_more_jobs_run_than_there_are_threads_and_each_has_its_own_result() {
    run(async {
        let executor = Executor::new(3);
        let (running, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let jobs: Vec<_> = (0..300)
            .map(|number| {
                let (running, most) = (running.clone(), most.clone());
                executor.run(move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    number
                })
            })
            .collect();
        assert_eq!(Multi(jobs).await.unwrap(), (0..300).collect::<Vec<_>>());
        assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
    });
}

#[test]
fn jobs_that_wait_begin_in_the_order_they_were_given() {
    run(async {
        let executor = Executor::new(1);
        let order = Arc::<Mutex<Vec<u32>>>::default();
        let (job, begun, release) = gate();
        let first = executor.run(job);
        begun.recv_timeout(PATIENCE).unwrap();
        let jobs: Vec<_> = (0..100)
            .map(|number| {
                let order = order.clone();
                executor.run(move || order.lock().unwrap().push(number))
            })
            .collect();
        release.send(()).unwrap();
        first.await.unwrap();
        Multi(jobs).await.unwrap();
        assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn a_panic_comes_back_with_its_payload_and_the_thread_lives_on() {
    run(async {
        let executor = Executor::new(1);
        let id = executor.run(|| thread::current().id()).await.unwrap();
        let error = executor.run(|| std::panic::panic_any(7_u8)).await.unwrap_err();
        assert!(error.is_panic());
        assert_eq!(error.into_panic().unwrap().downcast_ref(), Some(&7_u8));
        let error = executor.run(|| panic!("as it must")).await.unwrap_err();
        assert_eq!(error.to_string(), "the task panicked: as it must");
        assert_eq!(executor.run(|| thread::current().id()).await.unwrap(), id);
    });
}

#[test]
fn a_job_that_has_not_begun_is_cancelled_with_who_waits_for_it() {
    run(async {
        let executor = Executor::new(1);
        let (job, begun, release) = gate();
        let first = executor.run(job);
        begun.recv_timeout(PATIENCE).unwrap();
        let (sender, dropped) = channel();
        let held = Dropped(sender);
        let waiting = executor.run(move || {
            let _held = &held;
            unreachable!("it was cancelled");
        });
        let last = executor.run(|| 7);
        assert!(format!("{executor:?}").contains("busy: 1, waiting: 2"), "{executor:?}");
        drop(waiting);
        assert_eq!(dropped.try_recv().unwrap(), thread::current().id());
        assert!(format!("{executor:?}").contains("waiting: 1"), "{executor:?}");
        release.send(()).unwrap();
        first.await.unwrap();
        assert_eq!(last.await.unwrap(), 7);
    });
}

#[test]
fn a_job_that_has_begun_goes_on_without_who_waits_for_it() {
    run(async {
        let executor = Executor::new(1);
        let (job, begun, release) = gate();
        let (sender, dropped) = channel();
        let execution = executor.run(move || {
            job();
            Dropped(sender)
        });
        begun.recv_timeout(PATIENCE).unwrap();
        drop(execution);
        release.send(()).unwrap();
        let thread = executor.run(|| thread::current().id()).await.unwrap();
        assert_eq!(dropped.recv_timeout(PATIENCE).unwrap(), thread);

        // One that is done, and whose result nobody has taken.
        let (sender, dropped) = channel();
        let execution = executor.run(move || Dropped(sender));
        executor.run(|| {}).await.unwrap();
        assert!(dropped.try_recv().is_err());
        drop(execution);
        assert_eq!(dropped.try_recv().unwrap(), thread::current().id());
    });
}

#[test]
fn a_panic_that_nobody_waits_for_is_logged() {
    run(async {
        let executor = Executor::new(1);
        let log = Log::default();
        let joined = log.clone();
        // That thread's log, for as long as it lives.
        let join = move || std::mem::forget(joined.join());
        executor.run(join).await.unwrap();

        let (job, begun, release) = gate();
        let execution = executor.run(move || {
            job();
            panic!("as it must");
        });
        begun.recv_timeout(PATIENCE).unwrap();
        drop(execution);
        release.send(()).unwrap();
        executor.run(|| panic!("told to who awaits it")).await.unwrap_err();
        let lines = log.take();
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert!(line.starts_with("ERROR gustnado.application Exception in job "), "{line}");
        assert!(line.contains(file!()) && line.ends_with(": as it must"), "{line}");
    });
}

#[test]
fn a_result_that_comes_when_the_loop_is_gone_is_dropped() {
    let executor = Executor::new(1);
    let (job, begun, release) = gate();
    let (sender, dropped) = channel();
    let execution = executor.run(move || {
        job();
        Dropped(sender)
    });
    run(async move {
        spawn(execution);
        moment().await;
        begun.recv_timeout(PATIENCE).unwrap();
    });
    release.send(()).unwrap();
    assert_ne!(dropped.recv_timeout(PATIENCE).unwrap(), thread::current().id());
}

#[test]
fn shutdown_waits_for_what_was_given_and_cancels_what_comes_later() {
    run(async {
        let executor = Executor::new(1);
        let (job, begun, release) = gate();
        let first = executor.run(job);
        begun.recv_timeout(PATIENCE).unwrap();
        let (second, third) = (executor.run(|| 2), executor.run(|| 3));
        let ending = spawn({
            let executor = executor.clone();
            async move { executor.shutdown().await }
        });
        sleep(milliseconds(5)).await;
        assert!(!ending.is_finished());
        assert!(executor.run(|| 4).await.unwrap_err().is_cancelled());
        drop(third);
        release.send(()).unwrap();
        ending.await.unwrap();
        assert_eq!(second.await.unwrap(), 2);
        first.await.unwrap();
        executor.shutdown().await;
        eventually("the thread ends", || format!("{executor:?}").contains("threads: 0"));
    });
}

#[test]
fn shutdown_does_not_wait_for_what_was_cancelled_meanwhile() {
    run(async {
        // Whether the thread takes it, or it leaves the line first, is a race that nobody may lose.
        for _ in 0..100 {
            let executor = Executor::new(1);
            let execution = executor.run(|| {});
            let ending = spawn(async move { executor.shutdown().await });
            moment().await;
            drop(execution);
            ending.await.unwrap();
        }
        Executor::new(1).shutdown().await;
    });
}

#[test]
fn what_was_given_is_done_also_when_the_executor_is_dropped() {
    run(async {
        let executor = Executor::new(1);
        let (job, begun, release) = gate();
        let first = executor.run(job);
        begun.recv_timeout(PATIENCE).unwrap();
        let second = executor.clone().run(|| 2);
        drop(executor);
        release.send(()).unwrap();
        first.await.unwrap();
        assert_eq!(second.await.unwrap(), 2);
    });
}

#[test]
fn threads_are_started_when_needed_used_again_and_end_when_idle() {
    thread_local! {
        static LIFE: Cell<Option<Dropped>> = const { Cell::new(None) };
    }
    run(async {
        let executor = Executor::new(8).keep_alive(Duration::from_secs(60));
        assert!(format!("{executor:?}").contains("threads: 0"));
        for _ in 0..20 {
            executor.run(|| {}).await.unwrap();
            // The result comes a moment before its thread is idle.
            eventually("it is idle", || format!("{executor:?}").contains("idle: 1"));
        }
        assert!(format!("{executor:?}").contains("threads: 1"), "{executor:?}");

        let executor = Executor::new(1).keep_alive(milliseconds(1));
        let (sender, ended) = channel();
        executor.run(move || LIFE.set(Some(Dropped(sender)))).await.unwrap();
        ended.recv_timeout(PATIENCE).unwrap();
        eventually("it is counted out", || format!("{executor:?}").contains("threads: 0"));
        assert_eq!(executor.run(|| 1).await.unwrap(), 1);
    });
}

#[test]
#[should_panic(expected = "an executor needs a thread")]
fn an_executor_without_threads_is_a_mistake() {
    let _ = Executor::new(0);
}

mod simulated {
    use super::*;
    use gustnado::testing::Simulation;

    #[gustnado::test(simulated)]
    async fn jobs_run_on_the_loop_in_a_later_turn_one_after_the_other() {
        let order = Arc::<Mutex<Vec<u32>>>::default();
        let here = thread::current().id();
        let jobs: Vec<_> = (0..10)
            .map(|number| {
                let order = order.clone();
                run_in_executor(move || {
                    order.lock().unwrap().push(number);
                    thread::current().id()
                })
            })
            .collect();
        assert!(order.lock().unwrap().is_empty());
        assert_eq!(Multi(jobs).await.unwrap(), [here; 10]);
        assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(Simulation::current().elapsed(), Duration::ZERO);
    }

    #[gustnado::test(simulated)]
    async fn they_can_be_cancelled_panic_and_end() {
        let executor = Executor::new(1);
        let cancelled = executor.run(|| unreachable!("it was cancelled"));
        let last = spawn(executor.run(|| 7));
        drop(cancelled);
        let error = executor.run(|| panic!("as it must")).await.unwrap_err();
        assert_eq!(error.to_string(), "the task panicked: as it must");
        let waiting = spawn(executor.run(|| 8));
        executor.shutdown().await;
        assert_eq!((last.await.unwrap().unwrap(), waiting.await.unwrap().unwrap()), (7, 8));
        assert!(executor.run(|| {}).await.unwrap_err().is_cancelled());
        assert!(format!("{executor:?}").contains("threads: 0"));
    }
}
