//! The vocabulary of waiting, under the names of Tornado's own tests where it has them.

use gustnado::coroutine::{Multi, Outcome, cancel_after, moment, sleep, sleep_until, with_timeout};
use gustnado::ioloop::{IOLoop, JoinHandle, spawn};
use gustnado::testing::Log;
use gustnado_tests::{Turns, milliseconds};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(3600);

/// Something that somebody sets, and that counts how often it was polled. A clone is the same one.
#[derive(Clone, Default)]
struct Event(Rc<Inner>);

#[derive(Default)]
struct Inner {
    result: RefCell<Option<Result<u32, &'static str>>>,
    waker: RefCell<Option<Waker>>,
    polls: Cell<u32>,
}

impl Event {
    fn set(&self, result: Result<u32, &'static str>) {
        *self.0.result.borrow_mut() = Some(result);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }

    fn polls(&self) -> u32 {
        self.0.polls.get()
    }
}

impl Future for Event {
    type Output = Result<u32, &'static str>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.polls.set(self.0.polls.get() + 1);
        if let Some(result) = *self.0.result.borrow() {
            return Poll::Ready(result);
        }
        *self.0.waker.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Notes that it was dropped.
struct Guard(Rc<Cell<bool>>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

async fn turns(count: u32) {
    for _ in 0..count {
        moment().await;
    }
}

// Letting time pass.

#[gustnado::test]
async fn sleep_never_ends_early_nor_much_later() {
    for duration in [0, 1, 2, 5, 13, 30] {
        // The clock stands still within a turn; this one is a fresh one.
        moment().await;
        sleep(milliseconds(1)).await;
        let begin = IOLoop::current().time();
        sleep(milliseconds(duration)).await;
        let took = begin.elapsed();
        assert!(took >= milliseconds(duration), "{took:?} for {duration} ms");
        assert!(
            took < milliseconds(duration) + Duration::from_secs(2),
            "{took:?} for {duration} ms"
        );
    }
}

#[gustnado::test]
async fn many_sleeps_end_in_the_order_of_their_deadlines() {
    let order = Rc::<RefCell<Vec<u64>>>::default();
    let sleepers = (0..500_u64).map(|number| {
        let order = order.clone();
        let duration = number * 7919 % 50;
        async move {
            sleep(milliseconds(duration)).await;
            order.borrow_mut().push(duration);
        }
    });
    Multi(sleepers.collect::<Vec<_>>()).await.unwrap();
    assert!(order.borrow().is_sorted() && order.borrow().len() == 500);
}

#[gustnado::test]
async fn a_deadline_that_has_passed_is_the_next_turns() {
    let turns = Turns::count();
    sleep_until(Instant::now() - milliseconds(100)).await;
    sleep(Duration::ZERO).await;
    assert!(turns.now() <= 3);
}

#[gustnado::test]
async fn a_sleep_that_is_dropped_wakes_nobody() {
    let polls = Rc::new(Cell::new(0));
    let counted = polls.clone();
    let task = spawn(async move {
        let mut sleeping = Some(Box::pin(sleep(milliseconds(1))));
        poll_fn(move |cx| {
            counted.set(counted.get() + 1);
            if let Some(mut sleeping) = sleeping.take() {
                assert!(sleeping.as_mut().poll(cx).is_pending());
            }
            Poll::<()>::Pending
        })
        .await;
    });
    sleep(milliseconds(10)).await;
    assert_eq!(polls.get(), 1);
    task.cancel();
}

#[gustnado::test]
async fn a_sleep_may_move_to_another_task() {
    let mut sleeping = Box::pin(sleep(milliseconds(5)));
    assert!(poll_once(sleeping.as_mut()).await.is_pending());
    spawn(sleeping).await.unwrap();
}

#[gustnado::test]
async fn too_long_a_sleep_is_no_overflow() {
    assert!(cancel_after(milliseconds(1), sleep(Duration::MAX)).await.is_err());
}

#[gustnado::test]
async fn moment_is_exactly_one_turn() {
    // Two that take turns see each other once a turn.
    let order = Rc::<RefCell<String>>::default();
    let player = |name: char| {
        let order = order.clone();
        spawn(async move {
            for _ in 0..5 {
                order.borrow_mut().push(name);
                moment().await;
            }
        })
    };
    let (one, two, three) = (player('a'), player('b'), player('c'));
    one.await.unwrap();
    two.await.unwrap();
    three.await.unwrap();
    assert_eq!(*order.borrow(), "abcabcabcabcabc");
}

// Not waiting for ever.

#[gustnado::test]
async fn with_timeout_no_timeout() {
    assert_eq!(with_timeout(LONG, async { Ok::<_, &str>(1) }).await.unwrap(), Ok(1));
    assert_eq!(with_timeout(LONG, async { Err::<u32, _>("no") }).await.unwrap(), Err("no"));
    let event = Event::default();
    let setting = event.clone();
    let setter = spawn(async move {
        turns(3).await;
        setting.set(Ok(2));
    });
    assert_eq!(with_timeout(LONG, event).await.unwrap(), Ok(2));
    setter.await.unwrap();
}

#[gustnado::test]
async fn with_timeout_completed_future() {
    // Ready at once, although the deadline has passed.
    let past = Instant::now() - milliseconds(100);
    assert_eq!(with_timeout(past, ready(Ok::<_, &str>(1))).await.unwrap(), Ok(1));
    assert!(with_timeout(past, pending::<()>()).await.is_err());
}

#[gustnado::test]
async fn with_timeout_fails_and_the_operation_goes_on() {
    let log = Log::capture();
    let event = Event::default();
    let done = Rc::new(Cell::new(false));
    let (waiting, noted) = (event.clone(), done.clone());
    let operation = async move {
        let result = waiting.await;
        noted.set(true);
        result
    };
    let error = with_timeout(milliseconds(5), operation).await.unwrap_err();
    assert_eq!(error.to_string(), "Timeout");
    assert!(!done.get());
    event.set(Ok(1));
    turns(3).await;
    assert!(done.get());
    assert_eq!(log.take(), [""; 0]);
}

#[gustnado::test]
async fn fails_after_timeout() {
    let log = Log::capture();
    for quiet in [false, true] {
        let event = Event::default();
        let waiting = with_timeout(milliseconds(1), event.clone());
        let waiting = if quiet { waiting.quiet() } else { waiting };
        assert!(waiting.await.is_err());
        assert_eq!(log.take(), [""; 0]);
        event.set(Err("too late"));
        turns(3).await;
        let line = "ERROR gustnado.application Future exception after timeout: too late";
        assert_eq!(log.take(), if quiet { vec![] } else { vec![line] });
    }
}

#[gustnado::test]
async fn a_panic_after_the_timeout_is_logged_as_that_of_any_task() {
    let log = Log::capture();
    let event = Event::default();
    let waiting = event.clone();
    let operation = async move {
        let _ = waiting.await;
        panic!("too late");
    };
    assert!(
        with_timeout::<Pin<Box<dyn Future<Output = ()>>>>(milliseconds(1), Box::pin(operation))
            .await
            .is_err()
    );
    event.set(Ok(1));
    turns(3).await;
    assert_eq!((log.count("Exception in task"), log.count("too late")), (1, 1));
}

#[gustnado::test]
async fn a_wait_that_is_dropped_before_its_timeout_drops_the_operation() {
    let dropped = Rc::new(Cell::new(false));
    let guard = Guard(dropped.clone());
    let mut waiting = Box::pin(with_timeout(LONG, async move {
        let _guard = guard;
        pending::<()>().await;
    }));
    assert!(poll_once(waiting.as_mut()).await.is_pending());
    drop(waiting);
    assert!(dropped.get());
}

#[gustnado::test]
async fn the_operation_is_polled_only_when_it_was_woken_after_the_timeout() {
    let event = Event::default();
    assert!(with_timeout(milliseconds(1), event.clone()).await.is_err());
    turns(10).await;
    let polls = event.polls();
    turns(10).await;
    assert_eq!(event.polls(), polls);
    event.set(Ok(1));
    turns(2).await;
    assert_eq!(event.polls(), polls + 1);
}

#[gustnado::test]
async fn cancel_after_drops_what_takes_too_long() {
    let dropped = Rc::new(Cell::new(false));
    let guard = Guard(dropped.clone());
    let mut steps = 0;
    let work = async {
        let _guard = guard;
        loop {
            // It may borrow.
            steps += 1;
            sleep(milliseconds(1)).await;
        }
    };
    let result: Result<(), _> = cancel_after(milliseconds(10), work).await;
    assert!(result.is_err() && dropped.get() && steps > 1);
    assert_eq!(cancel_after(LONG, async { 1 }).await, Ok(1));
    assert_eq!(cancel_after(Instant::now() - milliseconds(1), ready(1)).await, Ok(1));
}

#[gustnado::test]
async fn cancel_after_lets_a_task_go_on_whose_handle_it_drops() {
    let task = spawn(async {
        sleep(milliseconds(5)).await;
        1
    });
    let mut task = pin!(task);
    assert!(cancel_after(Duration::ZERO, task.as_mut()).await.is_err());
    assert_eq!(task.await.unwrap(), 1);
}

// Waiting for many things at once.

type Child = Pin<Box<dyn Future<Output = Result<u32, String>>>>;

async fn number(number: u32) -> Result<u32, String> {
    turns(10 - number).await;
    Ok(number)
}

async fn failure(turn: u32, message: &str) -> Result<u32, String> {
    turns(turn).await;
    Err(message.to_owned())
}

#[gustnado::test]
async fn multi_gives_back_the_shape_it_was_given() {
    let (a, b, c) = Multi((number(1), async { Ok("two") }, number(3))).await.unwrap();
    assert_eq!((a, b, c), (1, "two", 3));
    assert_eq!(Multi((number(1),)).await.unwrap(), (1,));
    assert_eq!(Multi([number(3), number(1), number(2)]).await.unwrap(), [3, 1, 2]);
    let list: Vec<u32> = Multi((0..10).map(number).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(list, (0..10).collect::<Vec<_>>());
    let sorted = Multi(BTreeMap::from([("b", number(2)), ("a", number(1))])).await.unwrap();
    assert_eq!(sorted, BTreeMap::from([("a", 1), ("b", 2)]));
    let hashed = Multi(HashMap::from([("a", number(1)), ("b", number(2))])).await.unwrap();
    assert_eq!(hashed, HashMap::from([("a", 1), ("b", 2)]));
    let eight = Multi((
        number(1),
        number(2),
        number(3),
        number(4),
        number(5),
        number(6),
        number(7),
        number(8),
    ));
    assert_eq!(eight.await.unwrap(), (1, 2, 3, 4, 5, 6, 7, 8));
}

#[gustnado::test]
async fn multi_empty() {
    assert_eq!(Multi(Vec::<Child>::new()).await.unwrap(), Vec::<u32>::new());
    assert_eq!(Multi::<[Child; 0]>([]).await.unwrap(), [0_u32; 0]);
    assert_eq!(Multi(BTreeMap::<u32, Child>::new()).await.unwrap(), BTreeMap::new());
    assert_eq!(Multi(HashMap::<u32, Child>::new()).await.unwrap(), HashMap::new());
}

#[gustnado::test]
async fn multi_of_what_cannot_fail() {
    let begin = Instant::now();
    Multi([sleep(milliseconds(10)), sleep(milliseconds(20))]).await.unwrap();
    Multi((sleep(milliseconds(1)), moment())).await.unwrap();
    assert!(begin.elapsed() >= milliseconds(20));
}

#[gustnado::test]
async fn multi_runs_its_children_at_the_same_time() {
    let turns_before = Turns::count();
    Multi([number(0), number(0), number(0), number(0)]).await.unwrap();
    assert!(turns_before.now() < 20);
}

#[gustnado::test]
async fn multi_nested() {
    let (pair, list) =
        Multi((Multi([number(1), number(2)]), Multi(vec![number(3)]))).await.unwrap();
    assert_eq!((pair, list), ([1, 2], vec![3]));
    let inner = || Multi((number(1), failure(1, "within")));
    assert_eq!(Multi([inner(), inner()]).quiet().await.unwrap_err(), "within");
}

#[gustnado::test]
async fn multi_exceptions() {
    let log = Log::capture();
    // The first in the order of the children, not of time; and only when all have ended.
    let ended = Rc::new(Cell::new(false));
    let noted = ended.clone();
    let last = async move {
        turns(20).await;
        noted.set(true);
        Ok(0)
    };
    let children: Vec<Child> = vec![
        Box::pin(number(1)),
        Box::pin(failure(9, "first")),
        Box::pin(failure(1, "second")),
        Box::pin(last),
        Box::pin(failure(3, "third")),
    ];
    assert_eq!(Multi(children).await.unwrap_err(), "first");
    assert!(ended.get());
    assert_eq!(
        log.take(),
        [
            "ERROR gustnado.application Multiple exceptions in yield list: second",
            "ERROR gustnado.application Multiple exceptions in yield list: third",
        ]
    );
    // One is no more than the result.
    assert_eq!(Multi((number(1), failure(1, "only"))).await.unwrap_err(), "only");
    assert_eq!(log.take(), [""; 0]);
    assert_eq!(Multi((failure(2, "a"), failure(1, "b"))).quiet().await.unwrap_err(), "a");
    assert_eq!(log.take(), [""; 0]);
}

#[gustnado::test]
async fn multi_polls_a_child_only_when_it_was_woken_itself() {
    let events: Vec<Event> = (0..100).map(|_| Event::default()).collect();
    let mut all = pin!(Multi(events.clone()));
    assert!(poll_once(all.as_mut()).await.is_pending());
    assert!(events.iter().all(|event| event.polls() == 1));
    // Polling the whole for some other reason looks at none of them.
    turns(5).await;
    assert!(poll_once(all.as_mut()).await.is_pending());
    assert!(events.iter().all(|event| event.polls() == 1));
    // In any order, and woken more than once, and woken for nothing.
    for number in [7, 99, 0, 50] {
        events[number].set(Ok(number as u32));
        events[number].wake();
    }
    events[8].wake();
    assert!(poll_once(all.as_mut()).await.is_pending());
    for (number, event) in events.iter().enumerate() {
        let polls = if [7, 99, 0, 50, 8].contains(&number) { 2 } else { 1 };
        assert_eq!(event.polls(), polls, "{number}");
    }
    for (number, event) in events.iter().enumerate() {
        event.set(Ok(number as u32));
    }
    assert_eq!(all.await.unwrap(), (0..100).collect::<Vec<_>>());
    assert!(events.iter().all(|event| event.polls() <= 3));
}

#[gustnado::test]
async fn multi_polls_a_nested_child_only_when_it_was_woken_itself() {
    let events: [Event; 4] = Default::default();
    let [a, b, c, d] = events.clone();
    let task = spawn(Multi((Multi([a, b]), Multi([c, d]))));
    turns(3).await;
    assert_eq!(events.each_ref().map(Event::polls), [1; 4]);
    for (event, polls) in
        [(2, [1, 1, 2, 1]), (0, [2, 1, 2, 1]), (3, [2, 1, 2, 2]), (1, [2, 2, 2, 2])]
    {
        events[event].set(Ok(event as u32));
        turns(2).await;
        assert_eq!(events.each_ref().map(Event::polls), polls);
    }
    assert_eq!(task.await.unwrap().unwrap(), ([0, 1], [2, 3]));
}

#[gustnado::test]
async fn a_child_that_wakes_itself_is_polled_again_in_the_next_turn() {
    let (counted, turns) = (Cell::new(0), Turns::count());
    let busy = poll_fn(|cx| {
        counted.set(counted.get() + 1);
        turns.note();
        cx.waker().wake_by_ref();
        if counted.get() < 100 { Poll::Pending } else { Poll::Ready(()) }
    });
    Multi((busy, moment())).await.unwrap();
    assert_eq!((counted.get(), turns.most()), (100, 1));
}

#[gustnado::test]
async fn multi_may_move_to_another_task() {
    let event = Event::default();
    let mut all = Box::pin(Multi(vec![event.clone()]));
    assert!(poll_once(all.as_mut()).await.is_pending());
    let task = spawn(all);
    turns(2).await;
    event.set(Ok(1));
    assert_eq!(task.await.unwrap().unwrap(), [1]);
}

#[gustnado::test]
async fn multi_that_is_dropped_drops_its_children_and_hears_of_them_no_more() {
    let event = Event::default();
    let dropped = Rc::new(Cell::new(false));
    let (waiting, guard) = (event.clone(), Guard(dropped.clone()));
    let mut all = Box::pin(Multi([async move {
        let _guard = guard;
        waiting.await
    }]));
    assert!(poll_once(all.as_mut()).await.is_pending());
    drop(all);
    assert!(dropped.get());
    // Its waker points at nobody now, or at somebody new, who is not disturbed.
    let others: Vec<Event> = (0..10).map(|_| Event::default()).collect();
    let mut all = pin!(Multi(others.clone()));
    assert!(poll_once(all.as_mut()).await.is_pending());
    event.set(Ok(1));
    assert!(poll_once(all.as_mut()).await.is_pending());
    assert!(others.iter().all(|other| other.polls() == 1));
}

#[gustnado::test]
async fn a_panic_of_a_child_is_a_panic_of_the_whole() {
    let dropped = Rc::new(Cell::new(false));
    let guard = Guard(dropped.clone());
    let task = spawn(async move {
        let panics = async {
            moment().await;
            assert!(IOLoop::try_current().is_none(), "no luck");
        };
        let waits = async move {
            let _guard = guard;
            pending::<()>().await;
        };
        Multi((panics, waits)).await.unwrap();
    });
    assert!(task.await.unwrap_err().is_panic());
    assert!(dropped.get());
}

#[gustnado::test]
async fn multi_performance() {
    // A thousand children that are woken one by one cost a thousand polls, not a million.
    let events: Vec<Event> = (0..1000).map(|_| Event::default()).collect();
    let task = spawn(Multi(events.clone()));
    turns(2).await;
    for event in &events {
        event.set(Ok(0));
        moment().await;
    }
    assert_eq!(task.await.unwrap().unwrap().len(), 1000);
    assert!(events.iter().all(|event| event.polls() == 2));
}

// Outcomes and tasks.

#[test]
fn an_outcome_is_a_result_or_nothing() {
    assert_eq!(Ok::<_, String>(1).into_result(), Ok(1));
    assert_eq!(().into_result(), Ok(()));
}

#[gustnado::test]
async fn a_task_hands_over_its_result_whether_it_has_ended_before_or_not() {
    let early = spawn(async { 1 });
    turns(2).await;
    assert!(early.is_finished());
    assert_eq!(early.await.unwrap(), 1);
    let mut late = spawn(async {
        turns(3).await;
        2
    });
    assert!(!late.is_finished());
    // A reference is enough to wait.
    assert_eq!((&mut late).await.unwrap(), 2);
}

#[gustnado::test]
async fn a_handle_may_be_awaited_by_another_task_than_before() {
    let event = Event::default();
    let task = spawn(event.clone());
    let mut task = Box::pin(task);
    assert!(poll_once(task.as_mut()).await.is_pending());
    let other = spawn(task);
    turns(2).await;
    event.set(Ok(1));
    assert_eq!(other.await.unwrap().unwrap(), Ok(1));
}

#[gustnado::test]
async fn tasks_may_wait_for_tasks() {
    fn nest(depth: u32) -> JoinHandle<u32> {
        spawn(async move { if depth == 0 { 0 } else { nest(depth - 1).await.unwrap() + 1 } })
    }
    assert_eq!(nest(1000).await.unwrap(), 1000);
}

#[gustnado::test]
async fn a_cancelled_task_says_so_and_a_panic_says_why() {
    let log = Log::capture();
    let task = spawn(pending::<()>());
    moment().await;
    task.cancel();
    task.cancel();
    let error = task.await.unwrap_err();
    assert!(error.is_cancelled() && !error.is_panic() && error.into_panic().is_none());
    let error = spawn(async { panic!("no luck") as u32 }).await.unwrap_err();
    assert_eq!(error.to_string(), "the task panicked: no luck");
    assert!(error.is_panic() && !error.is_cancelled());
    assert_eq!(error.into_panic().unwrap().downcast_ref::<&str>(), Some(&"no luck"));
    let logged = log.take();
    assert_eq!(logged.len(), 1, "{logged:?}");
    // With its name, its place and its message, once.
    for part in ["ERROR gustnado.application Exception in task ", "coroutine.rs:", "no luck"] {
        assert_eq!(logged[0].matches(part).count(), 1, "{part} in {logged:?}");
    }
}
