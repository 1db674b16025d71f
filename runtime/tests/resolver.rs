//! Remembered addresses, in virtual time.

use gustnado::coroutine::{Multi, cancel_after, sleep};
use gustnado::ioloop::Frame;
use gustnado::netutil::{CachingResolver, Resolver};
use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

/// Takes a second to answer, knows hosts that begin with a letter, and counts who asks.
#[derive(Clone, Default)]
struct Slow {
    asked: Rc<Cell<u32>>,
}

impl Resolver for Slow {
    fn resolve(&self, host: &str, port: u16) -> Frame<io::Result<Vec<SocketAddr>>> {
        let asked = self.asked.get() + 1;
        self.asked.set(asked);
        let known = host.starts_with(|first: char| first.is_ascii_alphabetic());
        Frame::new(async move {
            sleep(Duration::from_secs(1)).await;
            match known {
                true => Ok(vec![([10, 0, 0, asked as u8], port).into()]),
                false => Err(io::Error::new(ErrorKind::NotFound, "no such host")),
            }
        })
    }
}

fn resolver() -> (Slow, CachingResolver<Slow>) {
    let slow = Slow::default();
    (slow.clone(), CachingResolver::new(slow))
}

#[gustnado::test(simulated)]
async fn an_answer_is_remembered_until_it_is_old() {
    let (slow, resolver) = resolver();
    let first = resolver.resolve("host", 80).await.unwrap();
    // Names have no case.
    assert_eq!(resolver.resolve("HOST", 80).await.unwrap(), first);
    sleep(Duration::from_secs(59)).await;
    assert_eq!(resolver.resolve("host", 80).await.unwrap(), first);
    assert_eq!(slow.asked.get(), 1);
    sleep(Duration::from_secs(2)).await;
    assert_ne!(resolver.resolve("host", 80).await.unwrap(), first);
    // Another port is another question.
    assert_eq!(resolver.resolve("host", 81).await.unwrap()[0].port(), 81);
    assert_eq!(slow.asked.get(), 3);
    resolver.clear();
    resolver.resolve("host", 80).await.unwrap();
    assert_eq!(slow.asked.get(), 4);
}

#[gustnado::test(simulated)]
async fn a_crowd_asks_once() {
    let (slow, resolver) = resolver();
    let answers = (0..100).map(|_| resolver.resolve("host", 80)).collect::<Vec<_>>();
    let answers = Multi(answers).await.unwrap();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(slow.asked.get(), 1);
}

#[gustnado::test(simulated)]
async fn who_gives_up_leaves_the_others_with_their_answer() {
    let (slow, resolver) = resolver();
    let impatient = cancel_after(Duration::from_millis(500), resolver.resolve("host", 80)).await;
    assert!(impatient.is_err());
    resolver.resolve("host", 80).await.unwrap();
    assert_eq!(slow.asked.get(), 1);
}

#[gustnado::test(simulated)]
async fn a_failure_is_remembered_for_a_moment() {
    let (slow, resolver) = resolver();
    for _ in 0..3 {
        let error = resolver.resolve("?", 80).await.unwrap_err();
        assert_eq!((error.kind(), &error.to_string()[..]), (ErrorKind::NotFound, "no such host"));
    }
    assert_eq!(slow.asked.get(), 1);
    sleep(Duration::from_millis(1001)).await;
    resolver.resolve("?", 80).await.unwrap_err();
    assert_eq!(slow.asked.get(), 2);
}

#[gustnado::test(simulated)]
async fn answers_are_not_remembered_without_end() {
    let (slow, resolver) = resolver();
    let hosts: Vec<String> = (0..3000).map(|number| format!("host{number}")).collect();
    Multi(hosts.iter().map(|host| resolver.resolve(host, 80)).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(slow.asked.get(), 3000);
    let remembered = format!("{resolver:?}");
    let count = remembered.split_once("hosts: ").unwrap().1.split_once(',').unwrap().0;
    assert!(count.parse::<usize>().unwrap() <= 1000, "{remembered}");
}
