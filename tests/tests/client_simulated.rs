//! The client in worlds where everything that can happen to a connection does.

use gustnado::coroutine::{Multi, sleep};
use gustnado::http::{
    AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPServer, Phase, Request, Settings,
};
use gustnado::ioloop::{Frame, spawn};
use gustnado::netutil::Resolver;
use gustnado::testing::Simulation;
use gustnado::{Method, StatusCode};
use gustnado_tests::{answer, handler, milliseconds};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn host(last: u8) -> SocketAddr {
    ([10, 0, 0, last], 80).into()
}

/// A server that answers with what it was sent, after a while, and counts how often it was sent each.
fn echo(settings: Settings, seen: &Rc<RefCell<HashMap<String, u32>>>) -> HTTPServer {
    let seen = seen.clone();
    let service = handler(move |request: Request| {
        let seen = seen.clone();
        async move {
            if request.read_body(1 << 20).await.is_err() {
                return answer(StatusCode::BAD_REQUEST, "");
            }
            let text = format!("{} {}", request.target(), String::from_utf8_lossy(request.body()));
            *seen.borrow_mut().entry(text.clone()).or_default() += 1;
            let pause = Simulation::current().random_duration(Duration::ZERO..=milliseconds(50));
            sleep(pause).await;
            answer(StatusCode::OK, text)
        }
    });
    HTTPServer::new(service, settings)
}

#[gustnado::test(simulated, seeds = 30)]
async fn nobody_gets_anothers_answer_and_nothing_is_done_twice() {
    let world = Simulation::current();
    world.resets(0.01);
    let seen = Rc::default();
    // Shorter than many pauses of the client, so that servers close as it sends.
    let settings = Settings { idle_connection_timeout: milliseconds(100), ..Settings::default() };
    let servers: Vec<_> = (1..=3).map(|_| echo(settings.clone(), &seen)).collect();
    for (server, last) in servers.iter().zip(1..) {
        server.listen(host(last)).unwrap();
    }
    let client = AsyncHTTPClient::builder().max_clients_per_origin(4).max_clients(8).build();
    let fetches: Vec<_> = (0..60)
        .map(|number: u32| {
            let (client, world) = (client.clone(), world.clone());
            async move {
                sleep(world.random_duration(Duration::ZERO..=SECOND)).await;
                let target = format!("/{number}");
                let url = format!("http://{}{target}", host(number as u8 % 3 + 1));
                let body = "x".repeat(world.random(0..=3000) as usize);
                let (request, expected) = match number % 2 {
                    0 => (HTTPRequest::get(url), format!("{target} ")),
                    _ => (HTTPRequest::post(url).body(body.clone()), format!("{target} {body}")),
                };
                (number, expected, client.fetch(request).await)
            }
        })
        .map(spawn)
        .collect();
    let mut answered = 0;
    for fetch in fetches {
        let (number, expected, result) = fetch.await.unwrap();
        let times = seen.borrow().get(&expected).copied().unwrap_or(0);
        match result {
            Ok(response) => {
                assert_eq!(response.text(), expected);
                assert!(times >= 1);
                answered += 1;
            }
            Err(HTTPClientError::Closed(_) | HTTPClientError::Connect(_)) => {}
            Err(error) => panic!("{number}: {error:?}"),
        }
        let is_post = number % 2 == 1;
        assert!(!is_post || times <= 1, "a POST was done {times} times");
    }
    assert!(answered > 20, "{answered} of 60 were answered");
    drop((client, servers));
    sleep(SECOND).await;
    assert_eq!(world.sockets(), 0, "nothing is left behind");
}

#[gustnado::test(simulated)]
async fn every_deadline_is_exact() {
    let world = Simulation::current();
    let fetch = async |request: HTTPRequest| {
        let begin = world.elapsed();
        let error = AsyncHTTPClient::new().fetch(request).await.unwrap_err();
        (error, world.elapsed() - begin)
    };
    let url = format!("http://{}/", host(1));
    let service = || handler(|_| std::future::pending());
    let server = HTTPServer::new(service(), Settings::default());
    server.listen(host(1)).unwrap();

    let (error, took) = fetch(HTTPRequest::new(&url)).await;
    assert!(matches!(error, HTTPClientError::Timeout(Phase::Request)), "{error:?}");
    assert_eq!(took, 20 * SECOND);
    let (error, took) = fetch(HTTPRequest::new(&url).request_timeout(3 * SECOND)).await;
    assert!(error.is_timeout());
    assert_eq!(took, 3 * SECOND);

    world.partition([127, 0, 0, 1], host(1).ip());
    for (request, expected) in [
        (HTTPRequest::new(&url), 20 * SECOND),
        (HTTPRequest::new(&url).connect_timeout(5 * SECOND), 5 * SECOND),
        (
            HTTPRequest::new(&url).connect_timeout(5 * SECOND).request_timeout(2 * SECOND),
            2 * SECOND,
        ),
    ] {
        let (error, took) = fetch(request).await;
        assert!(matches!(error, HTTPClientError::Timeout(Phase::Connect)), "{error:?}");
        assert_eq!(took, expected);
    }
}

/// Never knows.
struct Silent;

impl Resolver for Silent {
    fn resolve(&self, _: &str, _: u16) -> Frame<io::Result<Vec<SocketAddr>>> {
        Frame::new(std::future::pending())
    }
}

#[gustnado::test(simulated)]
async fn looking_up_a_name_has_the_deadline_of_connecting() {
    let world = Simulation::current();
    let client = AsyncHTTPClient::builder().resolver(Silent).build();
    let request = HTTPRequest::new("http://far.test/").connect_timeout(3 * SECOND);
    let error = client.fetch(request).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::Timeout(Phase::Resolve)), "{error:?}");
    assert_eq!(
        (error.to_string().as_str(), world.elapsed()),
        ("Timeout while resolving", 3 * SECOND)
    );
}

#[gustnado::test(simulated)]
async fn who_waits_is_served_in_turn_and_not_for_ever() {
    let world = Simulation::current();
    let seen = Rc::default();
    let server = echo(Settings::default(), &seen);
    server.listen(host(1)).unwrap();
    let order = Rc::<RefCell<Vec<u32>>>::default();
    let client = AsyncHTTPClient::builder().max_clients(1).build();
    let fetches: Vec<_> = (0..20)
        .map(|number| {
            let fetch = client.fetch(format!("http://{}/{number}", host(1)));
            let order = order.clone();
            async move {
                fetch.await?;
                order.borrow_mut().push(number);
                Ok::<_, HTTPClientError>(())
            }
        })
        .collect();
    Multi(fetches).await.unwrap();
    assert_eq!(*order.borrow(), Vec::from_iter(0..20));

    let stuck = HTTPServer::new(handler(|_| std::future::pending()), Settings::default());
    stuck.listen(host(2)).unwrap();
    let holding = spawn(client.fetch(format!("http://{}/", host(2))));
    sleep(SECOND).await;
    let begin = world.elapsed();
    let waiting = HTTPRequest::new(format!("http://{}/", host(1))).queue_timeout(4 * SECOND);
    let error = client.fetch(waiting).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::Timeout(Phase::Queue)), "{error:?}");
    assert_eq!(world.elapsed() - begin, 4 * SECOND);
    let next = client.fetch(format!("http://{}/next", host(1)));
    assert_eq!(next.await.unwrap().text(), "/next ", "the turn of who holds it is over after 20 s");
    assert!(holding.await.unwrap().unwrap_err().is_timeout());
}

#[gustnado::test(simulated)]
async fn connections_rest_for_a_minute() {
    let world = Simulation::current();
    let server = echo(Settings::default(), &Rc::default());
    server.listen(host(1)).unwrap();
    let client = AsyncHTTPClient::new();
    let begin = world.elapsed();
    client.fetch(format!("http://{}/", host(1))).await.unwrap();
    while client.idle_connections() > 0 {
        sleep(milliseconds(100)).await;
    }
    let rested = world.elapsed() - begin;
    assert!((60 * SECOND..62 * SECOND).contains(&rested), "{rested:?}");
    sleep(SECOND).await;
    assert_eq!(server.connections(), 0);
}

#[gustnado::test(simulated)]
async fn a_server_that_refuses_is_asked_again_by_who_wants_to() {
    let world = Simulation::current();
    let server = echo(Settings::default(), &Rc::default());
    server.listen(host(1)).unwrap();
    world.refuse(host(1));
    let client = AsyncHTTPClient::new();
    let request = || HTTPRequest::new(format!("http://{}/", host(1))).method(Method::OPTIONS);
    let error = client.fetch(request()).await.unwrap_err();
    assert!(matches!(error, HTTPClientError::Connect(_)), "{error:?}");
    world.admit(host(1));
    assert_eq!(client.fetch(request()).await.unwrap().code(), 200);
}
