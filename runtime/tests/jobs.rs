//! Jobs in the background: bounded, tried again, and never lost.

use gustnado::coroutine::{moment, sleep};
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::jobs::{Cause, Failure, Figures, Jobs, Refusal, Retry};
use gustnado::locks::{Event, Semaphore};
use gustnado::{Application, Error, Result, StatusCode};
use gustnado_tests::log::Lines;
use gustnado_tests::{Client, PATIENCE, milliseconds};
use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

const AT_ONCE: Retry = Retry::constant(Duration::ZERO);
const LATER: Duration = Duration::from_secs(3600);

fn run<F: Future>(test: F) -> F::Output {
    let io_loop = IOLoop::new().unwrap();
    let output = io_loop.run_sync_within(PATIENCE, test).unwrap();
    io_loop.close();
    output
}

/// What the hook was told.
type Failures = Rc<RefCell<Vec<Failure>>>;

fn noted(jobs: Jobs) -> (Jobs, Failures) {
    let failures = Failures::default();
    let told = failures.clone();
    (jobs.on_failure(move |failure| told.borrow_mut().push(failure.clone())), failures)
}

/// The attempts and the cause of each.
fn causes(failures: &Failures) -> Vec<(u32, Cause)> {
    let failures = failures.borrow();
    failures.iter().map(|failure| (failure.attempts(), failure.cause().clone())).collect()
}

async fn eventually(condition: impl Fn() -> bool) {
    while !condition() {
        sleep(Duration::from_micros(100)).await;
    }
}

#[test]
fn a_job_begins_in_a_later_turn_and_needs_nobody_to_wait_for_it() {
    run(async {
        let jobs = Jobs::new("test");
        let begun = Rc::new(Cell::new(false));
        let noted = begun.clone();
        let id = jobs.submit(async move || noted.set(true)).await.unwrap();
        assert_eq!((id, begun.get()), (1, false));
        assert_eq!(jobs.figures(), Figures { running: 1, ..Figures::default() });
        jobs.join().await;
        assert!(begun.get());
        assert_eq!(jobs.figures(), Figures { done: 1, ..Figures::default() });
        assert_eq!(jobs.try_submit(async || {}).unwrap(), 2);
        jobs.join().await;
    });
}

#[test]
fn a_job_that_panics_is_tried_again_and_reported_and_loses_nothing() {
    let (lines, _guard) = Lines::capture();
    run(async {
        let (jobs, failures) = noted(Jobs::new("mails").concurrency(1).retry(AT_ONCE.attempts(3)));
        let attempts = Rc::new(Cell::new(0));
        let done = Rc::new(RefCell::new(Vec::new()));
        for number in 0..5 {
            let (attempts, done) = (attempts.clone(), done.clone());
            let job = async move || {
                moment().await;
                if number == 1 {
                    attempts.set(attempts.get() + 1);
                    panic!("as it must");
                }
                done.borrow_mut().push(number);
            };
            jobs.submit(job).await.unwrap();
        }
        jobs.join().await;
        assert_eq!(*done.borrow(), [0, 2, 3, 4]);
        assert_eq!(attempts.get(), 3);
        assert_eq!(causes(&failures), [(3, Cause::Panic("as it must".to_owned()))]);
        assert_eq!(
            jobs.figures(),
            Figures { done: 4, failed: 1, retries: 2, ..Figures::default() }
        );
        let failures = failures.borrow();
        assert_eq!((failures[0].jobs(), failures[0].id()), ("mails", 2));
        assert_eq!(failures[0].place().file(), file!());
        assert!(failures[0].name().contains("a_job_that_panics"), "{}", failures[0].name());
    });
    let again = "WARN gustnado.application attempt 1 of job 2 of mails failed, the next is in ";
    assert_eq!(lines.count(again), 1);
    assert_eq!(lines.count(": it panicked: as it must"), 3);
    assert_eq!(lines.count("ERROR gustnado.application job 2 of mails ("), 1);
    assert_eq!(lines.count("failed after 3 attempts: it panicked: as it must"), 1);
}

#[test]
fn a_job_keeps_what_it_has_captured_from_one_attempt_to_the_next() {
    run(async {
        let (jobs, failures) = noted(Jobs::new("test").retry(AT_ONCE.attempts(10)));
        let heard = Rc::new(RefCell::new(Vec::new()));
        let told = heard.clone();
        let (address, mut attempts) = (String::from("ada@example.org"), 0);
        let job = async move || -> Result<()> {
            attempts += 1;
            moment().await;
            told.borrow_mut().push(format!("{address} {attempts}"));
            if attempts < 3 { Err(Error::msg("busy").context("sending")) } else { Ok(()) }
        };
        jobs.submit(job).await.unwrap();
        jobs.join().await;
        assert_eq!(*heard.borrow(), [1, 2, 3].map(|n| format!("ada@example.org {n}")));
        assert_eq!(causes(&failures), []);
        assert_eq!(jobs.figures(), Figures { done: 1, retries: 2, ..Figures::default() });
    });
}

#[test]
fn whatever_can_go_wrong_in_an_attempt_is_a_failure() {
    /// Panics when it is dropped.
    struct Mine;
    impl Drop for Mine {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }
    run(async {
        let (jobs, failures) = noted(Jobs::new("test").concurrency(1).timeout(milliseconds(2)));
        jobs.submit(async || Err::<(), _>(Error::msg("b").context("a"))).await.unwrap();
        jobs.submit(async || pending::<()>().await).await.unwrap();
        jobs.submit(async || {
            let _mine = Mine;
            pending::<()>().await;
        })
        .await
        .unwrap();
        let numbers = Vec::<u32>::new();
        let job = move || {
            let least = *numbers.iter().min().expect("before it is a coroutine");
            async move { assert_eq!(least, 0) }
        };
        jobs.submit(job).await.unwrap();
        jobs.join().await;
        let expected = [
            Cause::Error("a: b".to_owned()),
            Cause::Timeout(milliseconds(2)),
            Cause::Panic("in the destructor".to_owned()),
        ];
        let causes = causes(&failures);
        assert_eq!(causes[..3], expected.map(|cause| (1, cause)));
        assert!(matches!(&causes[3].1, Cause::Panic(message) if message.contains("before it is")));
        assert_eq!(jobs.figures(), Figures { failed: 4, ..Figures::default() });
    });
}

#[test]
fn a_destructor_of_a_job_that_panics_takes_no_place_with_it() {
    struct Mine;
    impl Drop for Mine {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }
    run(async {
        let jobs = Jobs::new("test").concurrency(1).capacity(1);
        for _ in 0..3 {
            let mine = Mine;
            let job = async move || {
                let _mine = &mine;
            };
            jobs.submit(job).await.unwrap();
        }
        jobs.join().await;
        assert_eq!(jobs.figures(), Figures { done: 3, ..Figures::default() });
    });
}

#[test]
fn never_more_jobs_run_than_may_and_they_begin_in_their_order() {
    run(async {
        let jobs = Jobs::new("test").concurrency(3);
        let (running, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let order = Rc::new(RefCell::new(Vec::new()));
        for number in 0..100 {
            let (running, most, order) = (running.clone(), most.clone(), order.clone());
            let job = async move || {
                order.borrow_mut().push(number);
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                for _ in 0..number % 5 {
                    moment().await;
                }
                running.set(running.get() - 1);
            };
            jobs.submit(job).await.unwrap();
            assert!(jobs.figures().running <= 3);
        }
        jobs.join().await;
        assert_eq!(most.get(), 3);
        assert_eq!(*order.borrow(), (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn who_pauses_lets_others_run() {
    run(async {
        let retry = Retry::constant(LATER).jitter(0.0);
        let (jobs, failures) = noted(Jobs::new("test").concurrency(1).retry(retry));
        jobs.submit(async || Err::<(), _>("not yet")).await.unwrap();
        jobs.submit(async || {}).await.unwrap();
        eventually(|| jobs.figures().done == 1).await;
        assert_eq!(jobs.figures(), Figures { pausing: 1, done: 1, ..Figures::default() });
        assert_eq!(causes(&failures), []);
    });
}

#[test]
fn what_there_is_no_room_for_waits_or_is_handed_back() {
    run(async {
        let jobs = Jobs::new("test").capacity(2).concurrency(1);
        let gate = Rc::new(Semaphore::new(0));
        let job = |number| {
            let gate = gate.clone();
            async move || {
                gate.acquire().await.forget();
                if number > 9 { Err("too large") } else { Ok(()) }
            }
        };
        jobs.submit(job(1)).await.unwrap();
        jobs.try_submit(job(2)).unwrap();
        let error = jobs.try_submit(job(3)).unwrap_err();
        assert_eq!(error.refusal(), Refusal::Full);
        assert_eq!(
            format!("{:#}", Error::from(error)),
            "the job was not accepted: there are too many jobs"
        );

        let error = jobs.try_submit(job(11)).unwrap_err();
        let waiting = spawn({
            let jobs = jobs.clone();
            async move { jobs.submit(error.into_job()).await }
        });
        sleep(milliseconds(1)).await;
        assert!(!waiting.is_finished());
        assert_eq!(jobs.figures(), Figures { queued: 1, running: 1, ..Figures::default() });
        gate.release();
        assert_eq!(waiting.await.unwrap().unwrap(), 3);
        gate.release();
        gate.release();
        jobs.join().await;
        assert_eq!(jobs.figures(), Figures { done: 2, failed: 1, ..Figures::default() });
        // Who gives up waiting takes no place.
        let [first, second] = [1, 2].map(|number| jobs.try_submit(job(number)).unwrap());
        assert_eq!((first, second), (4, 5));
        drop(gustnado::coroutine::cancel_after(milliseconds(1), jobs.submit(job(3))).await);
        gate.release();
        gate.release();
        jobs.join().await;
        assert_eq!(jobs.figures().done, 4);
    });
}

#[test]
fn shutdown_waits_and_hands_back_what_comes_later() {
    run(async {
        let jobs = Jobs::new("test").capacity(3).concurrency(1);
        let gate = Rc::new(Event::new());
        let job = || {
            let gate = gate.clone();
            async move || gate.wait().await
        };
        for _ in 0..3 {
            jobs.submit(job()).await.unwrap();
        }
        // Two wait for a place, of which there is none.
        let late = [(); 2].map(|()| {
            let (jobs, job) = (jobs.clone(), job());
            spawn(async move { jobs.submit(job).await.map_err(|error| error.refusal()) })
        });
        moment().await;
        let ending = spawn({
            let jobs = jobs.clone();
            async move { jobs.shutdown(LATER).await }
        });
        for one in late {
            assert_eq!(one.await.unwrap(), Err(Refusal::Closed));
        }
        assert!(jobs.is_closed() && !ending.is_finished());
        let refused = jobs.submit(job()).await.unwrap_err();
        assert_eq!(refused.refusal(), Refusal::Closed);
        assert_eq!(jobs.try_submit(refused.into_job()).unwrap_err().refusal(), Refusal::Closed);
        gate.set();
        assert!(ending.await.unwrap());
        assert_eq!(jobs.figures(), Figures { done: 3, ..Figures::default() });
        assert!(jobs.shutdown(Duration::ZERO).await);
    });
}

#[test]
fn who_pauses_when_the_end_comes_has_one_more_attempt_at_once() {
    run(async {
        let (jobs, failures) = noted(Jobs::new("test").retry(Retry::exponential(LATER)));
        let attempts = Rc::new(Cell::new(0));
        for succeeds in [true, false] {
            let attempts = attempts.clone();
            let mut own = 0;
            let job = async move || {
                own += 1;
                attempts.set(attempts.get() + 1);
                moment().await;
                if own == 2 && succeeds { Ok(()) } else { Err("not yet") }
            };
            jobs.submit(job).await.unwrap();
        }
        eventually(|| jobs.figures().pausing == 2).await;
        assert!(jobs.shutdown(PATIENCE).await);
        assert_eq!(attempts.get(), 4);
        assert_eq!(causes(&failures), [(2, Cause::Error("not yet".to_owned()))]);
        assert_eq!(
            jobs.figures(),
            Figures { done: 1, failed: 1, retries: 2, ..Figures::default() }
        );
    });
}

#[test]
fn what_is_not_done_by_the_deadline_is_interrupted_and_reported() {
    let (lines, _guard) = Lines::capture();
    run(async {
        let (jobs, failures) = noted(Jobs::new("test").concurrency(1));
        for _ in 0..3 {
            jobs.submit(async || pending::<()>().await).await.unwrap();
        }
        moment().await;
        assert!(!jobs.shutdown(milliseconds(2)).await);
        jobs.join().await;
        let mut causes = causes(&failures);
        causes.sort_by_key(|(attempts, _)| *attempts);
        assert_eq!(causes, [0, 0, 1].map(|attempts| (attempts, Cause::Interrupted)));
        assert_eq!(jobs.figures(), Figures { failed: 3, ..Figures::default() });
    });
    assert_eq!(lines.count("failed after 1 attempt: it was interrupted by the end"), 1);
}

#[test]
fn a_loop_that_is_closed_interrupts_and_reports_its_jobs() {
    let (jobs, failures) = noted(Jobs::new("test").concurrency(2).retry(Retry::constant(LATER)));
    run(async move {
        jobs.submit(async || Err::<(), _>("not yet")).await.unwrap();
        eventually(|| jobs.figures().pausing == 1).await;
        for _ in 0..4 {
            jobs.submit(async || pending::<()>().await).await.unwrap();
        }
        moment().await;
    });
    let mut causes = causes(&failures);
    causes.sort_by_key(|(attempts, _)| *attempts);
    assert_eq!(causes, [0, 0, 1, 1, 1].map(|attempts| (attempts, Cause::Interrupted)));
}

#[test]
fn a_hook_may_panic_and_may_submit() {
    let (lines, _guard) = Lines::capture();
    run(async {
        let again = Rc::new(RefCell::new(None::<Jobs>));
        let handle = again.clone();
        let jobs = Jobs::new("test").on_failure(move |failure| {
            if failure.id() < 3 {
                let jobs = handle.borrow();
                jobs.as_ref().unwrap().try_submit(async || Err::<(), _>("again")).unwrap();
            } else {
                panic!("as it must");
            }
        });
        *again.borrow_mut() = Some(jobs.clone());
        jobs.submit(async || Err::<(), _>("once")).await.unwrap();
        jobs.join().await;
        assert_eq!(jobs.figures(), Figures { failed: 3, ..Figures::default() });
        again.take();
    });
    assert_eq!(lines.count(": as it must"), 1);
}

#[test]
#[should_panic(expected = "jobs are set up before they are shared")]
fn setting_up_what_is_shared_is_a_mistake() {
    let jobs = Jobs::new("test");
    let _shared = jobs.clone();
    let _ = jobs.concurrency(2);
}

#[gustnado::post("/")]
async fn submit(jobs: &Jobs, gate: &Rc<Event>) -> Result<String> {
    let gate = gate.clone();
    Ok(jobs.try_submit(async move || gate.wait().await)?.to_string())
}

#[test]
fn an_application_waits_for_its_jobs_and_answers_503_when_there_are_too_many() {
    run(async {
        let (jobs, failures) = noted(Jobs::new("test").capacity(2));
        let gate = Rc::new(Event::new());
        let server = Application::new(gustnado::routes![submit])
            .jobs(jobs.clone())
            .provide(gate.clone())
            .listen("127.0.0.1:0")
            .unwrap();
        let address = server.addresses()[0];
        let asking = gustnado::ioloop::run_in_executor(move || {
            let mut client = Client::connect(address);
            [(); 3].map(|()| {
                let reply =
                    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").reply();
                (reply.status(), reply.text())
            })
        });
        let replies = Rc::new(RefCell::new(None));
        let received = replies.clone();
        let end = async move {
            received.replace(Some(asking.await.unwrap()));
            IOLoop::current().call_later(milliseconds(5), move || gate.set());
        };
        server.run_until(end).await.unwrap();
        let [first, second, third] = replies.take().unwrap();
        assert_eq!((first, second), ((200, "1".to_owned()), (200, "2".to_owned())));
        assert_eq!(third.0, StatusCode::SERVICE_UNAVAILABLE.as_u16());
        assert!(third.1.contains("there are too many jobs"), "{}", third.1);
        assert!(jobs.is_closed());
        assert_eq!(jobs.figures(), Figures { done: 2, ..Figures::default() });
        assert_eq!(causes(&failures), []);
    });
}
