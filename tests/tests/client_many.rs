//! Ten thousand fetches at once, or as many as the system allows.

use gustnado::coroutine::sleep;
use gustnado::http::{AsyncHTTPClient, HTTPRequest};
use gustnado::ioloop::spawn;
use gustnado::netutil::{OverrideResolver, ThreadedResolver};
use gustnado_tests::{Hold, connections, milliseconds};
use std::time::Duration;

const ORIGINS: usize = 100;

/// The server answers when all of them have asked, and not before.
#[gustnado::test(timeout = 60)]
async fn ten_thousand_fetches_to_a_hundred_origins_at_once() {
    let server = Hold::start(env!("CARGO_BIN_EXE_hold"));
    let port = server.address().port();
    let count = connections(10_000);
    // So many names for one server.
    let name = |number: usize| format!("origin-{}.test", number % ORIGINS);
    let resolver = OverrideResolver::new(ThreadedResolver::new());
    let resolver =
        (0..ORIGINS).map(name).fold(resolver, |resolver, name| resolver.host(name, "127.0.0.1"));
    let client = AsyncHTTPClient::builder()
        .resolver(resolver)
        .max_clients(count)
        .max_idle_connections(count)
        .request_timeout(Duration::from_secs(50))
        .build();
    let mut fetches = Vec::with_capacity(count);
    for number in 0..count {
        let url = format!("http://{}:{port}/together/{count}", name(number));
        fetches.push(spawn(client.fetch(HTTPRequest::new(url))));
        // The server's backlog is short.
        if number % 100 == 99 {
            sleep(milliseconds(2)).await;
        }
    }
    for fetch in fetches {
        assert_eq!(fetch.await.unwrap().unwrap().text(), "Hello, everybody");
    }
    assert_eq!(client.idle_connections(), count);
    println!("{count} fetches");
}
