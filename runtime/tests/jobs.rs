//! Jobs in the background: bounded, tried again, and never lost.

use gustnado::coroutine::{cancel_after, moment, sleep};
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::jobs::{Cause, Failure, Figures, Jobs, Refusal, Retry};
use gustnado::locks::{Event, Semaphore};
use gustnado::testing::{ExpectLog, Log, Simulation};
use gustnado::{Application, Error, Result, StatusCode};
use gustnado_tests::{Client, PATIENCE, milliseconds};
use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

const AT_ONCE: Retry = Retry::constant(Duration::ZERO);
const LATER: Duration = Duration::from_secs(3600);

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

#[gustnado::test(simulated)]
async fn a_job_begins_in_a_later_turn_and_needs_nobody_to_wait_for_it() {
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
}

#[gustnado::test(simulated)]
async fn a_job_that_panics_is_tried_again_and_reported_and_loses_nothing() {
    let log = Log::capture();
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
    assert_eq!(jobs.figures(), Figures { done: 4, failed: 1, retries: 2, ..Figures::default() });
    let failures = failures.borrow();
    assert_eq!((failures[0].jobs(), failures[0].id()), ("mails", 2));
    assert_eq!(failures[0].place().file(), file!());
    assert!(failures[0].name().contains("a_job_that_panics"), "{}", failures[0].name());
    let again = "WARN gustnado.application attempt 1 of job 2 of mails failed, the next is in ";
    assert_eq!(log.count(again), 1);
    assert_eq!(log.count(": it panicked: as it must"), 3);
    assert_eq!(log.count("ERROR gustnado.application job 2 of mails ("), 1);
    assert_eq!(log.count("failed after 3 attempts: it panicked: as it must"), 1);
}

#[gustnado::test(simulated)]
async fn a_job_keeps_what_it_has_captured_from_one_attempt_to_the_next() {
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
}

/// When the attempts of a job that always fails begin, in milliseconds.
async fn attempts(retry: Retry) -> Vec<u128> {
    let (world, times) = (Simulation::current(), Rc::new(RefCell::new(Vec::new())));
    let jobs = Jobs::new("test").retry(retry);
    let begin = world.elapsed();
    let noted = times.clone();
    let job = async move || {
        noted.borrow_mut().push((world.elapsed() - begin).as_millis());
        Err::<(), _>("not yet")
    };
    jobs.submit(job).await.unwrap();
    jobs.join().await;
    times.take()
}

#[gustnado::test(simulated)]
async fn pauses_double_until_the_longest() {
    let retry = Retry::exponential(Duration::from_secs(1)).jitter(0.0);
    assert_eq!(attempts(retry.clone()).await, [0, 1_000, 3_000, 7_000, 15_000]);
    let retry = retry.attempts(6).longest(Duration::from_secs(5));
    assert_eq!(attempts(retry).await, [0, 1_000, 3_000, 7_000, 12_000, 17_000]);
    let retry = Retry::constant(Duration::from_secs(7)).attempts(3).jitter(0.0);
    assert_eq!(attempts(retry).await, [0, 7_000, 14_000]);
    assert_eq!(attempts(Retry::never()).await, [0]);
}

#[gustnado::test(simulated, seeds = 100)]
async fn pauses_are_longer_and_shorter_by_chance() {
    let retry = Retry::exponential(Duration::from_secs(1)).jitter(0.5);
    let times = attempts(retry).await;
    for (pair, pause) in times.windows(2).zip([1_000, 2_000, 4_000, 8_000]) {
        let actual = pair[1] - pair[0];
        assert!((pause * 3 / 4 - 1..=pause * 5 / 4).contains(&actual), "{times:?}");
    }
    assert_ne!(times, [0, 1_000, 3_000, 7_000, 15_000]);
}

#[gustnado::test(simulated)]
async fn whatever_can_go_wrong_in_an_attempt_is_a_failure() {
    /// Panics when it is dropped.
    struct Mine;
    impl Drop for Mine {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }
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
}

#[gustnado::test(simulated)]
async fn a_destructor_of_a_job_that_panics_takes_no_place_with_it() {
    struct Mine;
    impl Drop for Mine {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }
    let expected = ExpectLog::new("gustnado.application", "in the destructor");
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
    assert_eq!(expected.count(), 3);
}

#[gustnado::test(simulated)]
async fn never_more_jobs_run_than_may_and_they_begin_in_their_order() {
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
}

#[gustnado::test(simulated)]
async fn who_pauses_lets_others_run() {
    let retry = Retry::constant(LATER).jitter(0.0);
    let (jobs, failures) = noted(Jobs::new("test").concurrency(1).retry(retry));
    jobs.submit(async || Err::<(), _>("not yet")).await.unwrap();
    jobs.submit(async || {}).await.unwrap();
    eventually(|| jobs.figures().done == 1).await;
    assert_eq!(jobs.figures(), Figures { pausing: 1, done: 1, ..Figures::default() });
    assert_eq!(causes(&failures), []);
}

#[gustnado::test(simulated)]
async fn what_there_is_no_room_for_waits_or_is_handed_back() {
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
    drop(cancel_after(milliseconds(1), jobs.submit(job(3))).await);
    gate.release();
    gate.release();
    jobs.join().await;
    assert_eq!(jobs.figures().done, 4);
}

#[gustnado::test(simulated)]
async fn shutdown_waits_and_hands_back_what_comes_later() {
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
}

#[gustnado::test(simulated)]
async fn who_pauses_when_the_end_comes_has_one_more_attempt_at_once() {
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
    assert_eq!(jobs.figures(), Figures { done: 1, failed: 1, retries: 2, ..Figures::default() });
}

#[gustnado::test(simulated)]
async fn what_is_not_done_by_the_deadline_is_interrupted_and_reported() {
    let log = Log::capture();
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
    assert_eq!(log.count("failed after 1 attempt: it was interrupted by the end"), 1);
}

#[test]
fn a_loop_that_is_closed_interrupts_and_reports_its_jobs() {
    let (jobs, failures) = noted(Jobs::new("test").concurrency(2).retry(Retry::constant(LATER)));
    let run = Simulation::run(7, async move || {
        jobs.submit(async || Err::<(), _>("not yet")).await.unwrap();
        eventually(|| jobs.figures().pausing == 1).await;
        for _ in 0..4 {
            jobs.submit(async || pending::<()>().await).await.unwrap();
        }
        moment().await;
    });
    run.unwrap();
    let mut causes = causes(&failures);
    causes.sort_by_key(|(attempts, _)| *attempts);
    assert_eq!(causes, [0, 0, 1, 1, 1].map(|attempts| (attempts, Cause::Interrupted)));
}

/// Jobs of all kinds by several at once, and an end at any time: each accepted one is done or reported, once.
#[gustnado::test(simulated, seeds = 200)]
async fn nothing_is_lost_and_nothing_told_twice() {
    let world = Simulation::current();
    let [concurrency, capacity] = [4, 20].map(|most| world.random(1..=most) as usize);
    let (jobs, failures) = noted(
        Jobs::new("test")
            .concurrency(concurrency)
            .capacity(capacity)
            .retry(Retry::exponential(Duration::from_secs(1)).attempts(3))
            .timeout(Duration::from_secs(20)),
    );
    let (running, done) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(Vec::new())));
    let job = |number| {
        let (world, running, done) = (world.clone(), running.clone(), done.clone());
        async move || {
            let here = Here::new(&running);
            assert!(here.0.get() <= concurrency, "too many run");
            let kind = world.random(0..=9);
            // A few take too long.
            sleep(world.random_duration(Duration::ZERO..=Duration::from_secs(22))).await;
            match kind {
                0 | 1 => Err("failed"),
                2 => panic!("panicked"),
                _ => {
                    done.borrow_mut().push(number);
                    Ok(())
                }
            }
        }
    };
    let submitters: Vec<_> = (0..5)
        .map(|submitter| {
            let (world, jobs) = (world.clone(), jobs.clone());
            let submissions: Vec<_> = (0..10).map(|n| job(submitter * 10 + n)).collect();
            spawn(async move {
                let mut accepted = Vec::new();
                for submission in submissions {
                    sleep(world.random_duration(Duration::ZERO..=Duration::from_secs(30))).await;
                    let submitted = match world.random(0..=2) {
                        0 => jobs.try_submit(submission).ok(),
                        1 => jobs.submit(submission).await.ok(),
                        _ => cancel_after(Duration::from_secs(5), jobs.submit(submission))
                            .await
                            .ok()
                            .and_then(Result::ok),
                    };
                    accepted.extend(submitted);
                    assert!(jobs.figures().running <= concurrency);
                }
                accepted
            })
        })
        .collect();
    sleep(world.random_duration(Duration::ZERO..=Duration::from_secs(600))).await;
    let patience = world.random_duration(Duration::ZERO..=Duration::from_secs(60));
    let in_time = jobs.shutdown(patience).await;
    let mut accepted = Vec::new();
    for submitter in submitters {
        accepted.extend(submitter.await.unwrap());
    }
    jobs.join().await;

    let (done, failures) = (done.borrow().len(), failures.borrow());
    let mut failed: Vec<u64> = failures.iter().map(Failure::id).collect();
    failed.sort_unstable();
    assert!(failed.windows(2).all(|pair| pair[0] < pair[1]), "told twice: {failed:?}");
    accepted.sort_unstable();
    assert_eq!(accepted, (1..=accepted.len() as u64).collect::<Vec<_>>());
    assert_eq!(done + failed.len(), accepted.len());
    let interrupted = failures.iter().any(|failure| *failure.cause() == Cause::Interrupted);
    assert!(!(in_time && interrupted));
    let Figures { queued: 0, running: 0, pausing: 0, done: counted, failed: told, .. } =
        jobs.figures()
    else {
        panic!("{jobs:?}");
    };
    assert_eq!((counted, told), (done as u64, failed.len() as u64));
    assert_eq!(running.get(), 0);
}

/// Counts who is here.
struct Here<'a>(&'a Cell<usize>);

impl<'a> Here<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[gustnado::test(simulated)]
async fn a_hook_may_panic_and_may_submit() {
    let log = Log::capture();
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
    assert_eq!(log.count(": as it must"), 1);
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

#[gustnado::test]
async fn an_application_waits_for_its_jobs_and_answers_503_when_there_are_too_many() {
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
}
