//! Results in the order of their completion: `WaitIteratorTest` of Tornado's `gen_test`, under its names, and more.
//!
//! In Tornado, arguments with and without names cannot be mixed, which is an error there (`empty_iterator`); here it does not compile.

use futures_core::Stream;
use gustnado::coroutine::{
    Callback, Multi, Task, Wait, WaitIterator, YieldError, cancel_after, moment, sleep,
    with_timeout,
};
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::locks::Event;
use gustnado_tests::milliseconds;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);

type Outcome = Result<u32, &'static str>;

/// Something that ends when it is told so, and counts how often it was polled.
#[derive(Clone, Default)]
struct Job(Rc<(Event, Cell<u32>)>);

impl Job {
    fn jobs<const N: usize>() -> [Self; N] {
        std::array::from_fn(|_| Self::default())
    }

    fn end(&self) {
        self.0.0.set();
    }

    fn polls(&self) -> u32 {
        self.0.1.get()
    }

    async fn run(self, outcome: Outcome) -> Outcome {
        let mut ended = pin!(self.0.0.wait());
        poll_fn(|cx| {
            self.0.1.set(self.polls() + 1);
            ended.as_mut().poll(cx)
        })
        .await;
        outcome
    }
}

async fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

#[gustnado::test(simulated)]
async fn empty_iterator() {
    let mut iterator = WaitIterator::new(Vec::<Pin<Box<dyn Future<Output = ()>>>>::new());
    assert!(iterator.is_done());
    assert_eq!(iterator.current_index(), None);
    assert_eq!(iterator.next().await, None);
}

#[gustnado::test(simulated)]
async fn already_done() {
    let mut iterator = WaitIterator::new([ready(24), ready(42), ready(84)]);
    let mut seen = Vec::new();
    while !iterator.is_done() {
        let result = iterator.next().await.unwrap();
        seen.push((*iterator.current_index().unwrap(), result));
    }
    assert_eq!(seen, [(0, 24), (1, 42), (2, 84)]);
    assert_eq!(iterator.next().await, None);
    assert_eq!(iterator.current_index(), None);
    let mut iterator = WaitIterator::named(BTreeMap::from([("f1", ready(24)), ("f2", ready(42))]));
    let mut seen = Vec::new();
    while let Some(result) = iterator.next().await {
        seen.push((*iterator.current_index().unwrap(), result));
    }
    assert_eq!(seen, [("f1", 24), ("f2", 42)]);
    assert_eq!(iterator.current_index(), None);
}

/// Also `iterator_async_await`.
#[gustnado::test(simulated)]
async fn iterator() {
    let jobs = Job::jobs::<4>();
    let outcomes = [Err("division by zero"), Ok(42), Ok(24), Ok(84)];
    let finish = {
        let jobs = jobs.clone();
        spawn(async move {
            for iteration in 0..=8 {
                match iteration {
                    3 => jobs[2].end(),
                    5 => jobs[0].end(),
                    8 => {
                        jobs[1].end();
                        jobs[3].end();
                    }
                    _ => {}
                }
                moment().await;
            }
        })
    };
    let futures = jobs.into_iter().zip(outcomes).map(|(job, outcome)| job.run(outcome));
    let mut iterator = WaitIterator::new(futures);
    let mut seen = Vec::new();
    while let Some(result) = iterator.next().await {
        seen.push((*iterator.current_index().unwrap(), result));
    }
    assert_eq!(seen, [(2, Ok(24)), (0, Err("division by zero")), (1, Ok(42)), (3, Ok(84))]);
    finish.await.unwrap();
}

/// The future of `next` may be all that refers to the iterator.
#[gustnado::test(simulated)]
async fn no_ref() {
    let next = async {
        WaitIterator::new([sleep(Duration::ZERO)]).next().await.unwrap();
    };
    with_timeout(LONG, next).await.unwrap();
}

#[gustnado::test(simulated)]
async fn names_are_whatever_one_likes() {
    let mut iterator = WaitIterator::named([((1, "a"), ready(1)), ((2, "b"), ready(2))]);
    assert_eq!(iterator.next().await, Some(1));
    assert_eq!(iterator.current_index(), Some(&(1, "a")));
    let mut iterator = WaitIterator::named(HashMap::from([("only", ready(1))]));
    assert_eq!(iterator.next().await, Some(1));
    assert_eq!(iterator.current_index(), Some(&"only"));
}

#[gustnado::test(simulated)]
async fn it_takes_yield_points_and_tasks() -> Result<(), YieldError> {
    let callback = Callback("key")?;
    let mut waits = WaitIterator::new([Wait::<i32>("key"), Wait("unknown")]);
    assert!(matches!(waits.next().await, Some(Err(YieldError::UnknownKey(_)))));
    callback(1);
    assert_eq!(waits.next().await, Some(Ok(1)));
    let mut tasks = WaitIterator::new([30, 10].map(|wait| {
        Task(move |callback| {
            IOLoop::current().call_later(milliseconds(wait), move || callback(wait));
        })
    }));
    assert_eq!((tasks.next().await, tasks.next().await), (Some(Ok(10)), Some(Ok(30))));
    let mut spawned = WaitIterator::new([spawn(async { 1 })]);
    assert_eq!(spawned.next().await.unwrap().unwrap(), 1);
    Ok(())
}

#[gustnado::test(simulated)]
async fn it_is_a_stream() {
    let jobs = Job::jobs::<3>();
    let futures = jobs.clone().map(|job| job.run(Ok(1)));
    let mut stream = pin!(WaitIterator::new(futures));
    assert_eq!(stream.size_hint(), (3, Some(3)));
    let ender = spawn(async move {
        for job in jobs {
            moment().await;
            job.end();
        }
    });
    let mut count = 0;
    while let Some(result) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
        count += result.unwrap();
        assert_eq!(stream.size_hint().0, 3 - count as usize);
    }
    assert_eq!(count, 3);
    ender.await.unwrap();
}

#[gustnado::test(simulated)]
async fn a_future_is_polled_only_when_it_was_woken_itself() {
    let jobs = Job::jobs::<100>();
    let mut iterator = WaitIterator::new(jobs.clone().map(|job| job.run(Ok(0))));
    assert!(poll_once(iterator.next()).await.is_pending());
    assert!(poll_once(iterator.next()).await.is_pending());
    assert!(jobs.iter().all(|job| job.polls() == 1));
    let order = [7, 99, 0, 50];
    for number in order {
        jobs[number].end();
    }
    for number in order {
        iterator.next().await.unwrap().unwrap();
        assert_eq!(iterator.current_index(), Some(&number));
    }
    assert!(poll_once(iterator.next()).await.is_pending());
    for (number, job) in jobs.iter().enumerate() {
        assert_eq!(job.polls(), if order.contains(&number) { 2 } else { 1 }, "{number}");
    }
}

#[gustnado::test(simulated)]
async fn who_was_woken_while_nobody_waited_is_not_overlooked() {
    let jobs = Job::jobs::<3>();
    let iterator = WaitIterator::new(jobs.clone().map(|job| job.run(Ok(0))));
    let seen = Rc::new(Cell::new(None));
    let task = spawn({
        let seen = seen.clone();
        let mut iterator = iterator;
        async move {
            let mut order = Vec::new();
            while iterator.next().await.is_some() {
                order.push(*iterator.current_index().unwrap());
                // Those who are woken now find somebody who waits for something else.
                sleep(milliseconds(2)).await;
            }
            seen.set(Some(order));
        }
    });
    moment().await;
    // Two at once: the look at them is interrupted by the first; then a third, in between.
    jobs[1].end();
    jobs[0].end();
    moment().await;
    moment().await;
    jobs[2].end();
    task.await.unwrap();
    assert_eq!(seen.take(), Some(vec![1, 0, 2]));
}

#[gustnado::test(simulated)]
async fn nothing_is_lost_if_a_wait_for_the_next_one_is_dropped() {
    let [job] = Job::jobs::<1>();
    let mut iterator = WaitIterator::new([job.clone().run(Ok(1))]);
    assert!(cancel_after(milliseconds(1), iterator.next()).await.is_err());
    job.end();
    assert_eq!(cancel_after(Duration::ZERO, iterator.next()).await, Ok(Some(Ok(1))));
    assert!(iterator.is_done());
}

#[gustnado::test(simulated)]
async fn futures_that_yield_take_turns() {
    let turns = |count: u32| async move {
        for _ in 0..count {
            moment().await;
        }
        count
    };
    let mut iterator = WaitIterator::new([turns(5), turns(1), turns(3)]);
    let other = spawn(turns(3));
    assert_eq!(iterator.next().await, Some(1));
    assert!(!other.is_finished());
    assert_eq!(iterator.next().await, Some(3));
    assert_eq!(iterator.next().await, Some(5));
    assert!(other.is_finished());
}

#[gustnado::test(simulated)]
async fn those_that_have_not_ended_are_dropped_with_it() {
    let held = Rc::new(());
    let hold = |held: Rc<()>, ends: bool| async move {
        if !ends {
            pending::<()>().await;
        }
        drop(held);
    };
    let mut iterator = WaitIterator::new([hold(held.clone(), false), hold(held.clone(), true)]);
    iterator.next().await;
    assert_eq!((iterator.current_index(), Rc::strong_count(&held)), (Some(&1), 2));
    drop(iterator);
    assert_eq!(Rc::strong_count(&held), 1);
}

#[gustnado::test(simulated)]
async fn a_panic_of_one_is_a_panic_of_its_waiter_and_the_others_go_on() {
    let fails = |fails: bool| async move {
        moment().await;
        assert!(!fails, "no luck");
        1
    };
    let mut iterator = WaitIterator::new([fails(true), fails(false)]);
    let panicked = poll_fn(|cx| {
        let next = &mut iterator;
        let polled = catch_unwind(AssertUnwindSafe(|| pin!(next.next()).poll(cx)));
        match polled {
            Ok(poll) => poll.map(|_| false),
            Err(_) => Poll::Ready(true),
        }
    });
    assert!(panicked.await);
    assert_eq!(iterator.next().await, Some(1));
    assert_eq!(iterator.current_index(), Some(&1));
}

#[gustnado::test(simulated)]
async fn iterators_may_be_children() {
    let sum = |numbers: [u32; 3]| async move {
        let mut iterator = WaitIterator::new(numbers.map(ready));
        let mut sum = 0;
        while let Some(number) = iterator.next().await {
            sum += number;
            moment().await;
        }
        Ok::<_, String>(sum)
    };
    assert_eq!(Multi([sum([1, 2, 3]), sum([4, 5, 6])]).await, Ok([6, 15]));
}
