use std::cell::Cell;
use std::collections::HashSet;
use std::future::pending;
use std::rc::Rc;
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
