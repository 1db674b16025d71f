//! The depot as its clients see it.

use super::*;
use gustnado_tests::{Client, Reply, Server, eventually};
use serde_json::{Value, from_slice};

/// A depot with one packer, who takes a millisecond or an hour, and room for three parcels.
fn depot(pace: Duration) -> Server {
    Server::application(move || application(Depot::open(&["Ada"], 3, pace)))
}

const QUICK: Duration = Duration::from_millis(1);
const SLOW: Duration = Duration::from_secs(3600);

fn deliver(client: &mut Client, form: &str) -> Reply {
    let length = form.len();
    let head = "Host: depot.test\r\nContent-Type: application/x-www-form-urlencoded";
    client
        .send(format!(
            "POST /deliveries HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{form}"
        ))
        .reply()
}

fn state(client: &mut Client) -> Value {
    let reply = client.get("/state");
    assert_eq!(reply.status(), 200);
    from_slice(&reply.body).unwrap()
}

/// How many are on the shelf, at the ramp, and packed.
fn counts(client: &mut Client) -> [u64; 3] {
    let state = state(client);
    ["on_shelf", "at_ramp", "packed"].map(|name| state[name].as_u64().unwrap())
}

#[test]
fn everything_is_packed() {
    let server = depot(QUICK);
    let mut client = server.connect();
    let reply = deliver(&mut client, "count=10&class=standard");
    assert_eq!((reply.status(), reply.text().as_str()), (202, r#"{"accepted":10}"#));
    assert_eq!(deliver(&mut client, "count=5&class=express").status(), 202);
    eventually("all are packed", || counts(&mut client) == [0, 0, 15]);
    assert_eq!(state(&mut client)["packers"][0]["packed"], 15);
}

#[test]
fn what_the_shelf_has_no_room_for_waits_at_the_ramp() {
    let server = depot(SLOW);
    let mut client = server.connect();
    deliver(&mut client, "count=100&class=standard");
    eventually("the shelf is full", || counts(&mut client) == [3, 96, 0]);
    let at_hand = &state(&mut client)["packers"][0]["parcel"];
    assert_eq!((&at_hand["number"], &at_hand["class"]), (&1.into(), &"standard".into()));
    for _ in 0..4 {
        assert_eq!(deliver(&mut client, "count=100&class=standard").status(), 202);
    }
    let reply = deliver(&mut client, "count=100&class=standard");
    assert_eq!(reply.status(), 503);
    assert!(reply.text().contains("the ramp is full"), "{}", reply.text());
}

#[test]
fn what_is_no_delivery_is_refused() {
    let server = depot(QUICK);
    let mut client = server.connect();
    for form in
        ["", "count=1", "count=0&class=express", "count=101&class=express", "count=1&class=x"]
    {
        assert_eq!(deliver(&mut client, form).status(), 400, "{form}");
    }
    let reply = client
        .send("POST /deliveries HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\nContent-Length: 21\r\n")
        .send("Content-Type: application/x-www-form-urlencoded\r\n\r\ncount=1&class=express")
        .reply();
    assert_eq!(reply.status(), 403);
    assert_eq!(counts(&mut client), [0; 3]);
}

#[gustnado::test(simulated)]
async fn express_parcels_leave_the_shelf_first() {
    let depot = Depot::open(&[], 10, SLOW);
    depot.deliver(2, Class::Standard);
    depot.deliver(2, Class::Express);
    moment().await;
    let numbers = std::iter::from_fn(|| depot.shelf.get_nowait().ok()).map(|parcel| parcel.number);
    assert_eq!(numbers.collect::<Vec<_>>(), [3, 4, 1, 2]);
}

#[gustnado::test(simulated)]
async fn at_the_end_the_shelf_is_packed_and_the_ramp_sent_back() {
    let depot = Depot::open(&["Ada"], 3, SLOW);
    depot.deliver(10, Class::Standard);
    sleep(SLOW / 4).await;
    assert_eq!(depot.at_ramp(), 6);
    depot.close().await;
    assert_eq!((depot.packed(), depot.at_ramp()), (4, 0));
    depot.deliver(1, Class::Express);
    sleep(10 * SLOW).await;
    assert_eq!((depot.packed(), depot.at_ramp()), (4, 0));
}

#[test]
fn the_page_knows_the_limits_and_lets_nothing_else_in() {
    let server = depot(QUICK);
    let mut client = server.connect();
    assert!(client.get("/").text().contains(&format!("max=\"{LARGEST}\"")));
    for path in ["/", "/depot.css", "/depot.js", "/style.css", "/server.js", "/icon.svg"] {
        let reply = client.get(path);
        assert_eq!(reply.status(), 200, "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}");
    }
}
