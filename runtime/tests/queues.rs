//! The behaviours of `tornado.queues`, under the names of Tornado's tests, and what happens to those who give up, against a model.
//!
//! What Rust's types make impossible, and has no test therefore: `test_maxsize` with `None` or a negative number, floats as limits.

mod model;

use futures_core::Stream;
use gustnado::coroutine::{moment, sleep};
use gustnado::ioloop::{IOLoop, spawn};
use gustnado::queues::{GetError, LifoQueue, PriorityQueue, PutError, Queue};
use model::{Dice, Waiter};
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_millis(5);
const LATE: Duration = Duration::from_secs(10);

fn run<F: Future>(test: F) -> F::Output {
    IOLoop::new().unwrap().run_sync(test).unwrap()
}

mod basic {
    use super::*;

    #[test]
    fn test_repr() {
        let queue = Queue::new(1);
        queue.put_nowait(()).unwrap();
        let mut put = Waiter::new(queue.put(()));
        assert!(put.waits());
        let text = format!("{queue:?}");
        assert!(text.contains("maxsize: 1") && text.contains("putters: 1 waiting"), "{text}");
    }

    #[test]
    fn test_order() {
        let queue = Queue::new(0);
        for number in [1, 3, 2] {
            queue.put_nowait(number).unwrap();
        }
        assert_eq!([(); 3].map(|()| queue.get_nowait().unwrap()), [1, 3, 2]);
    }

    #[test]
    fn test_maxsize() {
        let queue = Queue::new(2);
        assert_eq!((queue.maxsize(), queue.qsize()), (2, 0));
        assert!(queue.is_empty() && !queue.is_full());
        queue.put_nowait(0).unwrap();
        assert!(!queue.is_empty() && !queue.is_full());
        queue.put_nowait(1).unwrap();
        assert!(!queue.is_empty() && queue.is_full());
        assert_eq!(queue.put_nowait(2), Err(PutError::Full(2)));
        assert_eq!(queue.qsize(), 2);
        assert_eq!(Queue::<()>::default().maxsize(), 0);
    }
}

mod get {
    use super::*;

    #[test]
    fn test_blocking_get() {
        run(async {
            let queue = Queue::new(0);
            queue.put_nowait(0).unwrap();
            assert_eq!(queue.get().await, Ok(0));
        });
    }

    #[test]
    fn test_nonblocking_get() {
        let queue = Queue::new(0);
        queue.put_nowait(0).unwrap();
        assert_eq!(queue.get_nowait(), Ok(0));
    }

    #[test]
    fn test_nonblocking_get_exception() {
        assert_eq!(Queue::<()>::new(0).get_nowait(), Err(GetError::Empty));
    }

    #[test]
    fn test_get_with_putters() {
        run(async {
            let queue = Queue::new(1);
            queue.put_nowait(0).unwrap();
            let mut put = Waiter::new(queue.put(1));
            assert!(put.waits());
            assert_eq!(queue.get().await, Ok(0));
            assert!(queue.is_full(), "the one who waited is in, before it has run");
            assert_eq!(put.now(), Some(Ok(())));
            assert_eq!(queue.get_nowait(), Ok(1));
        });
    }

    #[test]
    fn test_blocking_get_wait() {
        run(async {
            let queue = Rc::new(Queue::new(0));
            let getter = queue.clone();
            let get = spawn(async move { getter.get().await });
            moment().await;
            queue.put(1).await.unwrap();
            assert!(queue.is_empty(), "it was handed over");
            assert_eq!(get.await.unwrap(), Ok(1));
        });
    }

    #[test]
    fn test_get_timeout() {
        run(async {
            let queue = Queue::new(0);
            let (mut first, mut second) = (
                Waiter::new(queue.get_within(SOON)),
                Waiter::new(queue.get_within(Instant::now() + SOON)),
            );
            let mut third = Waiter::new(queue.get());
            assert!(first.waits() && second.waits() && third.waits());
            sleep(SOON * 2).await;
            assert_eq!(first.now(), Some(Err(GetError::Timeout)));
            assert_eq!(second.now(), Some(Err(GetError::Timeout)));
            queue.put_nowait(0).unwrap();
            assert_eq!(third.now(), Some(Ok(0)));
        });
    }

    #[test]
    fn test_get_timeout_preempted() {
        run(async {
            let queue = Rc::new(Queue::new(0));
            let putter = queue.clone();
            IOLoop::current().call_later(SOON, move || putter.put_nowait(7).unwrap());
            assert_eq!(queue.get_within(LATE).await, Ok(7));
        });
    }

    #[test]
    fn test_get_clears_timed_out_putters() {
        run(async {
            let queue = Queue::new(1);
            queue.put_nowait(0).unwrap();
            let mut putters: Vec<_> = (0..10)
                .map(|number| {
                    let limit = if number % 2 == 0 { SOON } else { LATE };
                    Waiter::new(queue.put_within(number, limit))
                })
                .collect();
            assert!(putters.iter_mut().all(Waiter::waits));
            sleep(SOON * 2).await;
            for number in [0, 2, 4, 6, 8] {
                assert_eq!(putters[number].now(), Some(Err(PutError::Timeout(number))));
            }
            let items: Vec<_> = std::iter::from_fn(|| queue.get_nowait().ok()).collect();
            assert_eq!(items, [0, 1, 3, 5, 7, 9]);
        });
    }

    #[test]
    fn test_get_clears_timed_out_getters() {
        run(async {
            let queue = Queue::<()>::new(0);
            let mut getters: Vec<_> =
                (0..10).map(|_| Waiter::new(queue.get_within(SOON))).collect();
            assert!(getters.iter_mut().all(Waiter::waits));
            assert!(format!("{queue:?}").contains("getters: 10 waiting"));
            sleep(SOON * 2).await;
            assert!(getters.iter_mut().all(|getter| getter.now() == Some(Err(GetError::Timeout))));
            assert!(format!("{queue:?}").contains("getters: 0 waiting"));
        });
    }

    #[test]
    fn test_async_for() {
        run(async {
            let queue = Queue::new(0);
            for number in 0..5 {
                queue.put(number).await.unwrap();
            }
            let mut items = queue.items();
            for number in 0..5 {
                assert_eq!(poll_fn(|cx| Pin::new(&mut items).poll_next(cx)).await, Some(number));
            }
            let mut next = Waiter::new(poll_fn(|cx| Pin::new(&mut items).poll_next(cx)));
            assert!(next.waits(), "it never ends by itself");
            queue.put_nowait(5).unwrap();
            assert_eq!(next.now(), Some(Some(5)));
            drop(next);
            queue.close();
            assert_eq!(poll_fn(|cx| Pin::new(&mut items).poll_next(cx)).await, None);
        });
    }
}

mod put {
    use super::*;

    #[test]
    fn test_blocking_put() {
        run(async {
            let queue = Queue::new(0);
            queue.put(0).await.unwrap();
            assert_eq!(queue.get_nowait(), Ok(0));
        });
    }

    #[test]
    fn test_nonblocking_put_exception() {
        let queue = Queue::new(1);
        queue.put_nowait(0).unwrap();
        assert_eq!(queue.put_nowait(1), Err(PutError::Full(1)));
        assert_eq!(PutError::Full(1).into_item(), 1);
    }

    #[test]
    fn test_put_with_getters() {
        let queue = Queue::new(0);
        let mut get0 = Waiter::new(queue.get());
        let mut get1 = Waiter::new(queue.get());
        assert!(get0.waits() && get1.waits());
        queue.put_nowait(0).unwrap();
        queue.put_nowait(1).unwrap();
        assert_eq!((get1.now(), get0.now()), (Some(Ok(1)), Some(Ok(0))));
    }

    #[test]
    fn test_nonblocking_put_with_getters() {
        let queue = Queue::new(1);
        let mut getters = [(); 3].map(|()| Waiter::new(queue.get()));
        assert!(getters.iter_mut().all(Waiter::waits));
        for number in 0..3 {
            queue.put_nowait(number).unwrap();
        }
        assert!(queue.is_empty());
        queue.put_nowait(3).unwrap();
        assert!(queue.is_full());
        let got = getters.each_mut().map(|getter| getter.now().unwrap().unwrap());
        assert_eq!(got, [0, 1, 2]);
    }

    #[test]
    fn test_blocking_put_wait() {
        run(async {
            let queue = Rc::new(Queue::new(1));
            queue.put_nowait(0).unwrap();
            let getter = queue.clone();
            IOLoop::current().add_callback(move || assert_eq!(getter.get_nowait(), Ok(0)));
            queue.put(1).await.unwrap();
            assert_eq!(queue.get_nowait(), Ok(1));
        });
    }

    #[test]
    fn test_put_timeout() {
        run(async {
            let queue = Queue::new(1);
            queue.put_nowait(0).unwrap();
            assert_eq!(queue.put_within(1, SOON).await, Err(PutError::Timeout(1)));
            let mut put = Waiter::new(queue.put(2));
            assert!(put.waits());
            assert_eq!(queue.get().await, Ok(0));
            assert_eq!(queue.get().await, Ok(2), "what timed out is not put");
            assert_eq!(put.now(), Some(Ok(())));
        });
    }

    #[test]
    fn test_put_timeout_preempted() {
        run(async {
            let queue = Rc::new(Queue::new(1));
            queue.put_nowait(0).unwrap();
            let getter = queue.clone();
            IOLoop::current().call_later(SOON, move || assert!(getter.get_nowait().is_ok()));
            queue.put_within(1, LATE).await.unwrap();
        });
    }

    #[test]
    fn test_put_clears_timed_out_getters() {
        run(async {
            let queue = Queue::new(0);
            let mut getters: Vec<_> = (0..10)
                .map(|number| {
                    Waiter::new(queue.get_within(if number % 2 == 0 { SOON } else { LATE }))
                })
                .collect();
            assert!(getters.iter_mut().all(Waiter::waits));
            sleep(SOON * 2).await;
            for getter in getters.iter_mut().step_by(2) {
                assert_eq!(getter.now(), Some(Err(GetError::Timeout)));
            }
            for number in 0..5 {
                queue.put_nowait(number).unwrap();
            }
            for (number, getter) in getters.iter_mut().skip(1).step_by(2).enumerate() {
                assert_eq!(getter.now(), Some(Ok(number)));
            }
        });
    }

    #[test]
    fn a_put_that_is_dropped_puts_nothing_unless_there_was_room() {
        let queue = Queue::new(1);
        queue.put_nowait(0).unwrap();
        let mut first = Waiter::new(queue.put(1));
        let mut second = Waiter::new(queue.put(2));
        assert!(first.waits() && second.waits());
        drop(first);
        assert_eq!(queue.get_nowait(), Ok(0));
        drop(second);
        assert_eq!(queue.get_nowait(), Ok(2), "it was put before");
        assert_eq!(queue.get_nowait(), Err(GetError::Empty));
    }
}

mod join {
    use super::*;

    #[test]
    fn test_task_done_underflow() {
        let queue = Queue::<()>::new(0);
        let error = queue.task_done().unwrap_err();
        assert_eq!(error.to_string(), "task_done() called too many times");
    }

    #[test]
    fn test_task_done() {
        run(async {
            let queue = Rc::new(Queue::new(0));
            let sum = Rc::new(Cell::new(0));
            for number in 0..100 {
                queue.put_nowait(number).unwrap();
            }
            for _ in 0..2 {
                let (queue, sum) = (queue.clone(), sum.clone());
                spawn(async move {
                    while let Ok(number) = queue.get().await {
                        sum.set(sum.get() + number);
                        moment().await;
                        queue.task_done().unwrap();
                    }
                });
            }
            queue.join().await;
            assert_eq!(sum.get(), (0..100).sum::<u32>());
            assert!(queue.task_done().is_err());
        });
    }

    #[test]
    fn test_task_done_delay() {
        let queue = Queue::new(0);
        queue.put_nowait(0).unwrap();
        let mut join = Waiter::new(queue.join());
        assert!(join.waits());
        queue.get_nowait().unwrap();
        assert!(join.waits());
        queue.task_done().unwrap();
        assert_eq!(join.now(), Some(()));
    }

    #[test]
    fn test_join_empty_queue() {
        run(async {
            let queue = Queue::<()>::new(0);
            queue.join().await;
            queue.join().await;
        });
    }

    #[test]
    fn test_join_timeout() {
        run(async {
            let queue = Queue::new(0);
            queue.put(()).await.unwrap();
            assert!(queue.join_within(SOON).await.is_err());
            queue.task_done().unwrap();
            assert!(queue.join_within(SOON).await.is_ok());
        });
    }

    #[test]
    fn an_item_that_was_refused_is_not_waited_for() {
        let queue = Queue::new(1);
        queue.put_nowait(0).unwrap();
        assert!(queue.put_nowait(1).is_err());
        let mut put = Waiter::new(queue.put(2));
        assert!(put.waits());
        drop(put);
        queue.task_done().unwrap();
        assert_eq!(Waiter::new(queue.join()).now(), Some(()));
    }
}

mod orders {
    use super::*;

    #[test]
    fn test_priority_queue_order() {
        let queue = PriorityQueue::new(2);
        queue.put_nowait((1, 'a')).unwrap();
        queue.put_nowait((0, 'b')).unwrap();
        assert!(queue.is_full());
        let mut put3 = Waiter::new(queue.put((3, 'c')));
        let mut put2 = Waiter::new(queue.put((2, 'd')));
        assert!(put3.waits() && put2.waits());
        let got = [(); 4].map(|()| queue.get_nowait().unwrap().1);
        assert_eq!(got, ['b', 'a', 'd', 'c']);
        assert!(queue.is_empty());
    }

    #[test]
    fn test_lifo_queue_order() {
        let queue = LifoQueue::new(2);
        queue.put_nowait(1).unwrap();
        queue.put_nowait(0).unwrap();
        let mut put3 = Waiter::new(queue.put(3));
        let mut put2 = Waiter::new(queue.put(2));
        assert!(put3.waits() && put2.waits());
        assert_eq!([(); 4].map(|()| queue.get_nowait().unwrap()), [3, 2, 0, 1]);
        assert!(queue.is_empty());
    }

    #[test]
    fn of_equal_items_the_oldest_is_the_first() {
        #[derive(Debug)]
        struct Job(u32, u32);
        impl PartialEq for Job {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }
        impl Eq for Job {}
        impl PartialOrd for Job {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for Job {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.0.cmp(&other.0)
            }
        }
        let queue = PriorityQueue::new(0);
        for number in 0..20 {
            queue.put_nowait(Job(number % 2, number)).unwrap();
        }
        let got: Vec<_> = std::iter::from_fn(|| queue.get_nowait().ok().map(|job| job.1)).collect();
        assert_eq!(
            got,
            [(0..20).step_by(2), (1..20).step_by(2)].into_iter().flatten().collect::<Vec<_>>()
        );
    }
}

mod producer_consumer {
    use super::*;

    #[test]
    fn test_producer_consumer() {
        run(async {
            let queue = Rc::new(Queue::new(3));
            let history = Rc::new(RefCell::new(Vec::new()));
            let consumer = spawn({
                let (queue, history) = (queue.clone(), history.clone());
                async move {
                    while let Ok(number) = queue.get().await {
                        history.borrow_mut().push(number);
                        queue.task_done().unwrap();
                    }
                }
            });
            for number in 0..10 {
                queue.put(number).await.unwrap();
                assert!(queue.qsize() <= 3);
            }
            queue.join().await;
            assert_eq!(*history.borrow(), (0..10).collect::<Vec<_>>());
            queue.close();
            consumer.await.unwrap();
        });
    }
}

mod close {
    use super::*;

    #[test]
    fn those_who_wait_are_told() {
        let queue = Queue::<()>::new(1);
        let mut get = Waiter::new(queue.get());
        assert!(get.waits());
        queue.close();
        assert_eq!(get.now(), Some(Err(GetError::Closed)));

        let queue = Queue::new(1);
        queue.put_nowait(0).unwrap();
        let mut put = Waiter::new(queue.put(1));
        assert!(put.waits());
        queue.close();
        queue.close();
        assert!(queue.is_closed());
        assert_eq!(queue.get_nowait(), Ok(0), "what it holds can be taken");
        assert_eq!(queue.get_nowait(), Err(GetError::Closed));
        assert_eq!(put.now(), Some(Err(PutError::Closed(1))));
        assert_eq!(queue.put_nowait(2), Err(PutError::Closed(2)));
    }

    #[test]
    fn what_was_on_its_way_is_not_lost() {
        let queue = Queue::new(0);
        let [mut first, mut second] = [(); 2].map(|()| Waiter::new(queue.get()));
        assert!(first.waits() && second.waits());
        queue.put_nowait(1).unwrap();
        queue.close();
        drop(first);
        assert_eq!(second.now(), Some(Err(GetError::Closed)), "it was told before");
        assert_eq!(queue.get_nowait(), Ok(1));
    }
}

/// What the model needs of a queue.
macro_rules! model_test {
    ($name:ident, $queue:ident, $item:expr, $order:expr) => {
        #[test]
        fn $name() {
            run(async {
                for seed in 0..2000 {
                    let mut dice = Dice::new(seed);
                    let queue = $queue::new(dice.roll(4));
                    let mut model =
                        Model { maxsize: queue.maxsize(), order: $order, ..Model::default() };
                    let (mut getters, mut putters) = (Vec::new(), Vec::new());
                    for _ in 0..80 {
                        match dice.roll(10) {
                            0 | 1 => {
                                let number = model.next;
                                let limited = dice.roll(3) == 0;
                                let mut waiter = if limited {
                                    Waiter::new(queue.put_within($item(number), Duration::ZERO))
                                } else {
                                    Waiter::new(queue.put($item(number)))
                                };
                                let put = waiter.now();
                                assert_eq!(put.is_some(), model.put(), "seed {seed}");
                                if put.is_none() {
                                    putters.push((number, waiter, limited, false));
                                }
                            }
                            2 | 3 => {
                                let id = model.next_getter;
                                let limited = dice.roll(3) == 0;
                                let mut waiter = if limited {
                                    Waiter::new(queue.get_within(Duration::ZERO))
                                } else {
                                    Waiter::new(queue.get())
                                };
                                let got = waiter.now().map(Result::unwrap);
                                assert_eq!(got, model.get().map($item), "seed {seed}");
                                if got.is_none() {
                                    getters.push((id, waiter, limited, false));
                                    model.getters.push_back(id);
                                }
                                model.next_getter += 1;
                            }
                            4 if !getters.is_empty() => {
                                let index = dice.roll(getters.len());
                                let (id, waiter, _, expired) = &mut getters[index];
                                let expected = match model.handed(*id) {
                                    Some(number) => Some(Ok($item(number))),
                                    None => expired.then_some(Err(GetError::Timeout)),
                                };
                                assert_eq!(waiter.now(), expected, "seed {seed}");
                                if expected.is_some() {
                                    model.getters.retain(|other| other != id);
                                    getters.remove(index);
                                }
                            }
                            5 if !getters.is_empty() => {
                                let (id, waiter, ..) = getters.remove(dice.roll(getters.len()));
                                drop(waiter);
                                model.getters.retain(|other| *other != id);
                                if let Some(number) = model.handed(id) {
                                    model.give(number);
                                }
                            }
                            6 if !putters.is_empty() => {
                                let index = dice.roll(putters.len());
                                let (number, waiter, _, expired) = &mut putters[index];
                                let waits = model.putters.contains(number);
                                let result = waiter.now();
                                assert_eq!(result.is_some(), !waits || *expired, "seed {seed}");
                                if let Some(result) = result {
                                    assert_eq!(result.is_ok(), !waits, "seed {seed}");
                                    model.putters.retain(|other| other != number);
                                    putters.remove(index);
                                }
                            }
                            7 if !putters.is_empty() => {
                                let (number, ..) = putters.remove(dice.roll(putters.len()));
                                model.putters.retain(|other| *other != number);
                            }
                            8 => assert_eq!(
                                queue.get_nowait().ok(),
                                model.get().map($item),
                                "seed {seed}"
                            ),
                            _ => {
                                sleep(Duration::ZERO).await;
                                getters
                                    .iter_mut()
                                    .for_each(|(.., limited, expired)| *expired |= *limited);
                                putters
                                    .iter_mut()
                                    .for_each(|(.., limited, expired)| *expired |= *limited);
                            }
                        }
                        assert_eq!(queue.qsize(), model.items.len(), "seed {seed}");
                    }
                }
            });
        }
    };
}

/// A queue as one would write it who has time. Items are told by the order of their first polls.
#[derive(Default)]
struct Model {
    maxsize: usize,
    order: ModelOrder,
    next: u64,
    next_getter: u64,
    /// Each with its place in the order of coming in.
    items: Vec<(u64, u64)>,
    admitted: u64,
    places: Vec<(u64, u64)>,
    getters: VecDeque<u64>,
    putters: VecDeque<u64>,
    on_their_way: Vec<(u64, u64)>,
}

#[derive(Default)]
enum ModelOrder {
    #[default]
    Fifo,
    Lifo,
    Least,
}

impl Model {
    fn put(&mut self) -> bool {
        let number = self.next;
        self.next += 1;
        let full = self.maxsize > 0 && self.items.len() >= self.maxsize;
        if full && self.getters.is_empty() {
            self.putters.push_back(number);
            return false;
        }
        self.admit(number);
        true
    }

    fn admit(&mut self, number: u64) {
        self.places.push((number, self.admitted));
        self.admitted += 1;
        self.give(number);
    }

    fn give(&mut self, number: u64) {
        let place = self.places.iter().find(|(other, _)| *other == number).unwrap().1;
        match self.getters.pop_front() {
            Some(getter) => self.on_their_way.push((getter, number)),
            None => self.items.push((place, number)),
        }
    }

    fn get(&mut self) -> Option<u64> {
        if self.items.len() <= self.maxsize
            && let Some(number) = self.putters.pop_front()
        {
            self.admit(number);
        }
        let next = match self.order {
            ModelOrder::Fifo => *self.items.iter().min()?,
            ModelOrder::Lifo => *self.items.iter().max()?,
            ModelOrder::Least => *self.items.iter().min_by_key(|(_, number)| rank(*number))?,
        };
        self.items.retain(|item| *item != next);
        Some(next.1)
    }

    fn handed(&mut self, getter: u64) -> Option<u64> {
        let index = self.on_their_way.iter().position(|(other, _)| *other == getter)?;
        Some(self.on_their_way.swap_remove(index).1)
    }
}

/// Scatters the numbers of items, so that the least is not the first.
fn rank(number: u64) -> (u64, Reverse<u64>) {
    (number * 7 % 11, Reverse(number))
}

model_test!(queues_do_what_their_model_does, Queue, |number: u64| number, ModelOrder::Fifo);
model_test!(
    lifo_queues_do_what_their_model_does,
    LifoQueue,
    |number: u64| number,
    ModelOrder::Lifo
);
model_test!(priority_queues_do_what_their_model_does, PriorityQueue, rank, ModelOrder::Least);
