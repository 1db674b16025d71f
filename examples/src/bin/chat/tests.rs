//! The chat as its clients see it.

use super::*;
use gustnado_tests::{Client, Reply, Server, eventually, milliseconds};
use serde_json::{Value, from_slice};
use std::time::Instant;

fn chat() -> Server {
    Server::application(|| application(Rc::new(Room::default())))
}

fn ask<'a>(client: &'a mut Client, action: &str, headers: &str, form: &str) -> &'a mut Client {
    let length = form.len();
    client.send(format!(
        "POST /a/message/{action} HTTP/1.1\r\nHost: chat.test:8888\r\nContent-Length: {length}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n{headers}\r\n{form}"
    ))
}

/// Says something, and returns its id.
fn say(server: &Server, body: &str) -> u64 {
    let form = format!("name=Ada&body={body}");
    let reply = ask(&mut server.connect(), "new", "", &form).reply();
    assert_eq!(reply.status(), 200, "{}", reply.text());
    from_slice::<Value>(&reply.body).unwrap()["id"].as_u64().unwrap()
}

/// The texts of an answer, and the id of the last.
fn heard(reply: &Reply) -> (Vec<String>, u64) {
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let updates: Value = from_slice(&reply.body).unwrap();
    let messages = updates["messages"].as_array().unwrap();
    let texts = messages.iter().map(|message| message["body"].as_str().unwrap().to_owned());
    let last = messages.last().map_or(0, |message| message["id"].as_u64().unwrap());
    (texts.collect(), last)
}

fn updates(server: &Server, form: &str) -> Vec<String> {
    heard(&ask(&mut server.connect(), "updates", "", form).reply()).0
}

#[test]
fn what_is_said_reaches_all_who_wait() {
    let server = chat();
    let mut clients = [(); 3].map(|()| server.connect());
    for client in &mut clients {
        ask(client, "updates", "", "cursor=0");
    }
    eventually("they are there", || server.connections() == 3);
    clients[0].expect_silence(milliseconds(20));
    let id = say(&server, "Hello%2C+all");
    for client in &mut clients {
        assert_eq!(heard(&client.reply()), (vec!["Hello, all".to_owned()], id));
        // Each asks again on the same connection.
        ask(client, "updates", "", &format!("cursor={id}"));
    }
    say(&server, "again");
    for client in &mut clients {
        assert_eq!(heard(&client.reply()).0, ["again"]);
    }
}

#[test]
fn a_cursor_gets_what_was_said_after_it() {
    let server = chat();
    let ids = ["a", "b", "c"].map(|body| say(&server, body));
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    assert_eq!(updates(&server, ""), ["a", "b", "c"]);
    assert_eq!(updates(&server, "cursor=0"), ["a", "b", "c"]);
    assert_eq!(updates(&server, &format!("cursor={}", ids[0])), ["b", "c"]);
    assert_eq!(updates(&server, &format!("cursor={}", ids[1])), ["c"]);
    assert_eq!(updates(&server, &format!("wait=0&cursor={}", ids[2])), [""; 0]);
    // From before the server was started again, and from a clock that was put back.
    assert_eq!(updates(&server, &format!("cursor={}", ids[0] - 1)), ["a", "b", "c"]);
    assert_eq!(updates(&server, &format!("cursor={}", ids[2] + 1)), ["a", "b", "c"]);
}

#[test]
fn a_wait_ends_with_nothing() {
    let server = chat();
    let begin = Instant::now();
    assert_eq!(updates(&server, "wait=1"), [""; 0]);
    assert!(begin.elapsed() >= Duration::from_secs(1));
}

#[test]
fn whoever_leaves_is_waited_for_no_longer() {
    let server = chat();
    let mut clients = [(); 10].map(|()| server.connect());
    for client in &mut clients {
        ask(client, "updates", "", "");
    }
    eventually("they are there", || server.connections() == 10);
    let [mut stays, leave @ ..] = clients;
    drop(leave);
    eventually("nine have left", || server.connections() == 1);
    say(&server, "Still+there%3F");
    assert_eq!(heard(&stays.reply()).0, ["Still there?"]);
}

#[test]
fn the_last_two_hundred_messages_are_remembered() {
    let server = chat();
    for number in 0..203 {
        say(&server, &number.to_string());
    }
    let expected: Vec<_> = (3..203).map(|number| number.to_string()).collect();
    assert_eq!(updates(&server, "cursor=0"), expected);
}

#[test]
fn what_is_empty_or_too_long_is_refused() {
    let server = chat();
    let new = |name: &str, body: &str| {
        let form = format!("name={name}&body={body}");
        ask(&mut server.connect(), "new", "", &form).reply().status()
    };
    // The longest there are, in characters that take the most bytes.
    let character = "%F0%9F%8C%AA";
    let (name, body) = (character.repeat(LONGEST_NAME), character.repeat(LONGEST_BODY));
    assert_eq!(new(&name, &body), 200);
    for (name, body) in [("", "a"), ("+", "a"), ("a%0Ab", "a"), ("a", ""), ("a", "+%0A")] {
        assert_eq!(new(name, body), 400, "{name:?} {body:?}");
    }
    assert_eq!(new(&format!("{name}a"), "a"), 400);
    assert_eq!(new("a", &format!("{body}a")), 400);
    assert_eq!(new("a", &"a".repeat(32_768)), 413);
    assert_eq!(ask(&mut server.connect(), "updates", "", "cursor=x").reply().status(), 400);
    assert_eq!(updates(&server, "").len(), 1);
}

#[test]
fn only_our_own_pages_speak_for_a_user() {
    let server = chat();
    let status = |headers| {
        ["new", "updates"].map(|action| {
            let form = "name=Ada&body=Hello&wait=0";
            ask(&mut server.connect(), action, headers, form).reply().status()
        })
    };
    for ours in [
        "",
        "Sec-Fetch-Site: same-origin\r\n",
        "Sec-Fetch-Site: none\r\n",
        "Origin: http://chat.test:8888\r\n",
        "Origin: https://Chat.test:8888\r\n",
        "Sec-Fetch-Site: same-origin\r\nOrigin: https://behind-a-proxy.test\r\n",
    ] {
        assert_eq!(status(ours), [200; 2], "{ours:?}");
    }
    for theirs in [
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\nOrigin: http://chat.test:8888\r\n",
        "Sec-Fetch-Site: \r\n",
        "Origin: http://chat.test\r\n",
        "Origin: http://chat.test:8889\r\n",
        "Origin: ftp://chat.test:8888\r\n",
        "Origin: http://evil.test?chat.test:8888\r\n",
        "Origin: null\r\n",
    ] {
        assert_eq!(status(theirs), [403; 2], "{theirs:?}");
    }
}

#[gustnado::test]
async fn a_room_that_closes_sends_everybody_home() {
    let room = Rc::new(Room::default());
    let waiter = spawn({
        let room = room.clone();
        async move { room.after(0, PATIENCE).await.len() }
    });
    moment().await;
    room.close();
    assert_eq!(waiter.await.unwrap(), 0);
    assert_eq!(room.after(0, PATIENCE).await.len(), 0);
}

#[test]
fn the_page_knows_the_limits_and_lets_nothing_else_in() {
    let server = chat();
    let mut client = server.connect();
    let page = client.get("/");
    for longest in [LONGEST_NAME, LONGEST_BODY] {
        assert!(page.text().contains(&format!("maxlength=\"{longest}\"")), "{longest}");
    }
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/chat.css", "text/css; charset=utf-8"),
        ("/chat.js", "text/javascript; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let reply = client.get(path);
        assert_eq!((reply.status(), reply.header("content-type")), (200, Some(content_type)));
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}");
    }
}
