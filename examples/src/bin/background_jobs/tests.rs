//! The gallery as its clients see it.

use super::*;
use gustnado_tests::{Client, Reply, Server, eventually};
use serde_json::{Value, from_slice};

fn gallery() -> Server {
    Server::application(|| application(Duration::from_millis(1)))
}

fn post(client: &mut Client, headers: &str, form: &str) -> Reply {
    let length = form.len();
    client
        .send(format!(
            "POST /pictures HTTP/1.1\r\nHost: a.test\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n{headers}\r\n{form}"
        ))
        .reply()
}

fn order(client: &mut Client, motif: &str, temper: &str) -> u64 {
    let reply = post(client, "", &format!("motif={motif}&temper={temper}"));
    assert_eq!(reply.status(), 202, "{}", reply.text());
    from_slice::<Value>(&reply.body).unwrap()["id"].as_u64().unwrap()
}

fn state(client: &mut Client) -> Value {
    from_slice(&client.get("/pictures").body).unwrap()
}

/// The state and the attempts of the pictures, the oldest first.
fn pictures(client: &mut Client) -> Vec<(String, u64)> {
    let state = state(client);
    let pictures = state["pictures"].as_array().unwrap().iter().rev();
    pictures
        .map(|one| (one["state"].as_str().unwrap().to_owned(), one["attempts"].as_u64().unwrap()))
        .collect()
}

#[test]
fn what_is_ordered_is_painted_and_tried_again_until_it_is_given_up() {
    let server = gallery();
    let mut client = server.connect();
    let tempers = ["calm", "moody", "clumsy", "hopeless"];
    let ids = tempers.map(|temper| order(&mut client, "rabbit", temper));
    assert_eq!(ids, [1, 2, 3, 4]);
    let is_over = |client: &mut Client| {
        let state = state(client);
        (state["done"].as_u64(), state["failed"].as_u64()) == (Some(3), Some(1))
    };
    eventually("all are over", || is_over(&mut client));
    let expected = [("done", 1), ("done", 3), ("done", 2), ("failed", 4)];
    assert_eq!(
        pictures(&mut client),
        expected.map(|(state, attempts)| (state.to_owned(), attempts))
    );

    let reply = client.get("/pictures/1");
    assert_eq!((reply.status(), reply.header("content-type")), (200, Some("image/bmp")));
    assert_eq!(reply.body, julia::paint(Motif::Rabbit));
    for missing in ["/pictures/4", "/pictures/5"] {
        assert_eq!(client.get(missing).status(), 404, "{missing}");
    }
    assert_eq!(server.log().count("job 4 of pictures"), 4);
}

#[test]
fn too_many_orders_are_refused_until_there_is_room_again() {
    let server = gallery();
    let mut client = server.connect();
    let mut try_order = || post(&mut client, "", "motif=dendrite&temper=calm");
    let mut accepted = 0;
    let refused = loop {
        let reply = try_order();
        if reply.status() != 202 {
            break reply;
        }
        accepted += 1;
        assert!(accepted < 1000, "there is no limit");
    };
    assert_eq!(refused.status(), 503);
    assert!(refused.text().contains("there are too many jobs"), "{}", refused.text());
    assert!(accepted >= 24);
    eventually("there is room again", || try_order().status() == 202);
    assert_eq!(pictures(&mut client).len(), 24);
}

#[test]
fn what_is_no_order_or_another_sites_is_refused() {
    let server = gallery();
    let mut client = server.connect();
    for form in ["", "motif=rabbit", "motif=mouse&temper=calm", "motif=rabbit&temper=x"] {
        assert_eq!(post(&mut client, "", form).status(), 400, "{form}");
    }
    let theirs = "Sec-Fetch-Site: cross-site\r\n";
    assert_eq!(post(&mut client, theirs, "motif=rabbit&temper=calm").status(), 403);
    assert_eq!(pictures(&mut client), []);
}

#[test]
fn the_page_lets_nothing_else_in() {
    let server = gallery();
    let mut client = server.connect();
    for path in ["/", "/gallery.css", "/gallery.js", "/style.css", "/server.js", "/icon.svg"] {
        let reply = client.get(path);
        assert_eq!(reply.status(), 200, "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}");
    }
}
