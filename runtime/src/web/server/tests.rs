use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::future::pending;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Instant;

use super::*;
use crate::coroutine::sleep;
use crate::error::Error;
use crate::ioloop::{IOLoop, spawn};
use crate::iostream::IOStream;
use crate::web::testing::HERE;
use crate::web::{Application, Respond, Route};

fn slow() -> Application {
    let slow = Route::new("/slow", "slow", HERE).handler(|cx| async move {
        sleep(Duration::from_millis(100)).await;
        "slow".respond(&cx)
    });
    let stuck = Route::new("/stuck", "stuck", HERE).handler(|_| pending());
    let thread = Route::new("/thread", "thread", HERE)
        .handler(|cx| async move { format!("{:?}", std::thread::current().id()).respond(&cx) });
    Application::new(vec![slow, stuck, thread])
}

async fn ask(address: SocketAddr, path: &str) -> Result<String> {
    let stream = IOStream::connect(address).await?;
    stream
        .write(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes())
        .await?;
    Ok(String::from_utf8(stream.read_until_close().await?)?)
}

fn run<T>(test: impl Future<Output = Result<T>>) -> T {
    let io_loop = IOLoop::new().unwrap();
    let result = io_loop.run_sync_within(Duration::from_secs(5), test);
    io_loop.close();
    result.unwrap().unwrap()
}

#[test]
fn what_is_being_answered_is_finished() {
    run(async {
        let server = slow().listen("127.0.0.1:0")?;
        let address = server.addresses()[0];
        let answer = spawn(async move { ask(address, "/slow").await });
        server.run_until(sleep(Duration::from_millis(20))).await?;
        assert!(answer.await??.ends_with("\r\n\r\nslow"));
        assert!(ask(address, "/slow").await.is_err(), "still listening");
        Ok(())
    });
}

#[test]
fn what_does_not_end_is_ended_after_the_timeout() {
    run(async {
        let server = slow().listen("127.0.0.1:0")?.shutdown_timeout(Duration::from_millis(50));
        let address = server.addresses()[0];
        let answer = spawn(async move { ask(address, "/stuck").await });
        let begin = Instant::now();
        server.run_until(sleep(Duration::from_millis(20))).await?;
        assert!(begin.elapsed() < Duration::from_secs(2));
        assert_eq!(answer.await??, "");
        Ok(())
    });
}

#[test]
fn every_worker_answers_and_all_end_together() {
    run(async {
        let server = Application::workers(3, || Ok(slow())).listen("127.0.0.1:0")?;
        let address = server.addresses()[0];
        let threads = Rc::new(Cell::new(0));
        let counted = Rc::clone(&threads);
        let end = async move {
            let mut seen = HashSet::new();
            // Which thread gets a connection is the system's choice.
            for _ in 0..500 {
                seen.insert(ask(address, "/thread").await.unwrap());
                if seen.len() == 3 {
                    break;
                }
            }
            counted.set(seen.len());
        };
        server.run_until(end).await?;
        assert_eq!(threads.get(), 3);
        assert!(ask(address, "/thread").await.is_err(), "still listening");
        Ok(())
    });
}

#[test]
fn the_loops_of_workers_are_watched_as_the_first_one_is() {
    run(async {
        let threshold = Duration::from_secs(60);
        IOLoop::current().set_blocking_log_threshold(threshold);
        let (sender, receiver) = mpsc::channel();
        let factory = move || {
            sender.send(IOLoop::current().blocking_log_threshold()).unwrap();
            Ok(slow())
        };
        let server = Application::workers(3, factory).listen("127.0.0.1:0")?;
        let end = sleep(Duration::from_millis(1));
        server.run_until(end).await?;
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [Some(threshold); 3]);
        Ok(())
    });
}

#[test]
fn a_worker_that_fails_ends_all_and_says_why() {
    run(async {
        let main = std::thread::current().id();
        let factory = move || {
            if std::thread::current().id() == main {
                Ok(slow())
            } else {
                Err(Error::msg("no database"))
            }
        };
        let server = Application::workers(2, factory).listen("127.0.0.1:0")?;
        let error = server.run_until(pending::<()>()).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "a worker failed: no database");
        Ok(())
    });
}

#[test]
fn a_factory_that_fails_at_once_is_told_by_listen() {
    let error = Application::workers(2, || Err(Error::msg("no database"))).listen(0).unwrap_err();
    assert_eq!(error.to_string(), "no database");
}

#[test]
fn what_is_to_be_done_at_the_end_is_done_after_the_last_answer_the_last_one_first() {
    async fn panics() {
        panic!("as it must");
    }
    run(async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let note = |what: &'static str| {
            let order = Rc::clone(&order);
            async move || {
                order.borrow_mut().push(what);
                sleep(Duration::from_millis(1)).await;
                order.borrow_mut().push(what);
            }
        };
        let noted = Rc::clone(&order);
        let answered = Route::new("/", "answered", HERE).handler(move |cx| {
            let noted = Rc::clone(&noted);
            async move {
                sleep(Duration::from_millis(50)).await;
                noted.borrow_mut().push("answer");
                "slow".respond(&cx)
            }
        });
        let server = Application::new(vec![answered])
            .on_shutdown(note("database"))
            .on_shutdown(async || Err::<(), _>("failed"))
            .on_shutdown(panics)
            .on_shutdown(note("jobs"))
            .listen("127.0.0.1:0")?;
        let address = server.addresses()[0];
        let answer = spawn(async move { ask(address, "/").await });
        server.run_until(sleep(Duration::from_millis(20))).await?;
        assert!(answer.await??.ends_with("slow"));
        assert_eq!(*order.borrow(), ["answer", "jobs", "jobs", "database", "database"]);
        Ok(())
    });
}

#[test]
fn what_is_to_be_done_at_the_end_shares_the_timeout_and_has_a_turn_at_least() {
    run(async {
        let turns = Rc::new(Cell::new(0));
        let count = || {
            let turns = Rc::clone(&turns);
            async move || {
                turns.set(turns.get() + 1);
                pending::<()>().await;
            }
        };
        let server = slow()
            .on_shutdown(count())
            .on_shutdown(count())
            .listen("127.0.0.1:0")?
            .shutdown_timeout(Duration::from_millis(50));
        let address = server.addresses()[0];
        let answer = spawn(async move { ask(address, "/stuck").await });
        server.run_until(sleep(Duration::from_millis(20))).await?;
        assert_eq!((answer.await??.as_str(), turns.get()), ("", 2));
        Ok(())
    });
}

#[test]
fn every_worker_does_what_is_to_be_done_at_the_end() {
    run(async {
        let (sender, ended) = std::sync::mpsc::channel();
        let factory = move || {
            let sender = sender.clone();
            let end = async move || sender.send(std::thread::current().id());
            Ok(slow().on_shutdown(end))
        };
        let server = Application::workers(3, factory).listen("127.0.0.1:0")?;
        server.run_until(sleep(Duration::from_millis(1))).await?;
        assert_eq!(ended.try_iter().collect::<HashSet<_>>().len(), 3);
        Ok(())
    });
}

#[gustnado_macros::test(crate = crate)]
async fn a_site_ends_once() {
    let count = Rc::new(Cell::new(0));
    let counted = Rc::clone(&count);
    let site = slow().on_shutdown(async move || counted.set(counted.get() + 1)).build().unwrap();
    for _ in 0..2 {
        site.shutdown(Duration::MAX).await;
    }
    assert_eq!(count.get(), 1);
}
