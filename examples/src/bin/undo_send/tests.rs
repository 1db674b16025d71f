//! The outbox, and the application as its clients see it.

use super::*;
use gustnado_tests::{Client, Reply, Server, eventually, milliseconds};
use serde_json::{Value, from_slice};

const HOUR: Duration = Duration::from_secs(3600);

fn mail(subject: &str) -> Mail {
    let [to, body] = ["ada@example.org", "Hello, Ada"].map(str::to_owned);
    Mail { to, subject: subject.to_owned(), body }
}

fn states(outbox: &Outbox) -> Vec<(u64, &'static str)> {
    outbox.mails().iter().map(|mail| (mail.id, mail.state)).collect()
}

fn post(client: &mut Client, path: &str, headers: &str, form: &str) -> Reply {
    let length = form.len();
    client
        .send(format!(
            "POST {path} HTTP/1.1\r\nHost: mail.test\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n{headers}\r\n{form}"
        ))
        .reply()
}

fn json(reply: &Reply) -> Value {
    from_slice(&reply.body).unwrap()
}

const FORM: &str = "to=ada%40example.org&subject=Hi&body=Hello%2C+Ada";

#[gustnado::test(simulated)]
async fn a_mail_leaves_after_an_hour_and_not_before() {
    let outbox = Outbox::new(HOUR);
    let id = outbox.send(mail("Hello")).unwrap();
    sleep(HOUR - Duration::from_nanos(1)).await;
    assert_eq!(states(&outbox), [(id, "waiting")]);
    sleep(Duration::from_nanos(1)).await;
    moment().await;
    assert_eq!(states(&outbox), [(id, "sent")]);
    assert_eq!(outbox.undo(id), Err(UndoError::TooLate));
}

#[gustnado::test(simulated)]
async fn a_mail_can_be_called_back_for_an_hour_and_then_never_leaves() {
    let outbox = Outbox::new(HOUR);
    let [first, second] =
        ["Hello", "Hello again"].map(|subject| outbox.send(mail(subject)).unwrap());
    sleep(HOUR - Duration::from_secs(1)).await;
    assert_eq!(outbox.mails()[0].left, 1.0);
    assert_eq!(outbox.undo(first), Ok(mail("Hello")));
    sleep(10 * HOUR).await;
    assert_eq!(states(&outbox), [(second, "sent"), (first, "undone")]);
    assert_eq!(outbox.undo(first), Ok(mail("Hello")));
    assert_eq!(outbox.undo(7), Err(UndoError::Unknown));
}

#[test]
fn what_is_sent_is_sent_when_its_window_has_closed() {
    let server = Server::application(|| application(Outbox::new(milliseconds(300))));
    let mut client = server.connect();
    let reply = post(&mut client, "/send", "", FORM);
    assert_eq!(reply.status(), 202, "{}", reply.text());
    assert_eq!((&json(&reply)["id"], &json(&reply)["window"]), (&1.into(), &0.3.into()));
    let state = |client: &mut Client, id: usize| {
        let mails = json(&client.get("/mails"));
        let mails = mails["mails"].as_array().unwrap().clone();
        mails[mails.len() - id]["state"].as_str().unwrap().to_owned()
    };
    eventually("it is sent", || state(&mut client, 1) == "sent");
    let reply = post(&mut client, "/undo/1", "", "");
    assert_eq!(reply.status(), 409);
    assert!(reply.text().contains("it has been sent already"), "{}", reply.text());
}

#[test]
fn what_is_called_back_comes_back() {
    let server = Server::application(|| application(Outbox::new(HOUR)));
    let mut client = server.connect();
    post(&mut client, "/send", "", FORM);
    for _ in 0..2 {
        let reply = post(&mut client, "/undo/1", "", "");
        assert_eq!(reply.status(), 200);
        assert_eq!(json(&reply)["body"], "Hello, Ada");
    }
    assert_eq!(json(&client.get("/mails"))["mails"][0]["state"], "undone");
    assert_eq!(post(&mut client, "/undo/2", "", "").status(), 404);
    assert_eq!(post(&mut client, "/undo/x", "", "").status(), 400);
}

#[test]
fn what_is_no_mail_or_another_sites_is_refused() {
    let server = Server::application(|| application(Outbox::new(HOUR)));
    let mut client = server.connect();
    let send = |client: &mut Client, to: &str, subject: &str, body: &str| {
        post(client, "/send", "", &format!("to={to}&subject={subject}&body={body}")).status()
    };
    let character = "%F0%9F%8C%AA";
    let to = format!("a%40{}", "b".repeat(LONGEST_ADDRESS - 2));
    let (subject, body) = (character.repeat(LONGEST_SUBJECT), character.repeat(LONGEST_BODY));
    assert_eq!(send(&mut client, &to, &subject, &body), 202);
    assert_eq!(send(&mut client, &format!("{to}b"), "", ""), 400);
    assert_eq!(send(&mut client, "nobody", "", ""), 400);
    assert_eq!(send(&mut client, "a%40b%0D%0ABcc: c@d", "", ""), 400);
    assert_eq!(send(&mut client, "a%40b", &format!("{subject}a"), ""), 400);
    assert_eq!(send(&mut client, "a%40b", "a%0Ab", ""), 400);
    assert_eq!(send(&mut client, "a%40b", "", &format!("{body}a")), 400);
    let theirs = "Sec-Fetch-Site: cross-site\r\n";
    assert_eq!(post(&mut client, "/send", theirs, FORM).status(), 403);
    assert_eq!(post(&mut client, "/undo/1", theirs, "").status(), 403);
    assert_eq!(json(&client.get("/mails"))["mails"].as_array().unwrap().len(), 1);
}

// The mails of the hundred senders wait for their windows.
#[gustnado::test(leaks = "allow")]
async fn too_many_mails_are_refused_and_old_ones_forgotten() {
    let outbox = Outbox::new(HOUR);
    let ids: Vec<_> = (0..100).map(|_| outbox.send(mail("one")).unwrap()).collect();
    assert_eq!(outbox.send(mail("one too many")), None);
    outbox.undo(ids[7]).unwrap();
    assert_eq!(outbox.send(mail("another")), Some(101));
    assert_eq!(outbox.undo(ids[7]), Err(UndoError::Unknown));
    assert_eq!(outbox.mails().len(), 100);
}

#[gustnado::test]
async fn what_is_in_the_window_at_the_end_is_sent() {
    let outbox = Outbox::new(HOUR);
    for subject in ["kept", "called back", "kept"] {
        outbox.send(mail(subject)).unwrap();
    }
    outbox.undo(2).unwrap();
    outbox.flush();
    assert_eq!(states(&outbox), [(3, "sent"), (2, "undone"), (1, "sent")]);
    outbox.flush();
    assert_eq!(outbox.undo(1), Err(UndoError::TooLate));
}

#[test]
fn the_page_knows_the_limits_and_lets_nothing_else_in() {
    let server = Server::application(|| application(Outbox::new(HOUR)));
    let mut client = server.connect();
    let page = client.get("/");
    for longest in [LONGEST_ADDRESS, LONGEST_SUBJECT, LONGEST_BODY] {
        assert!(page.text().contains(&format!("maxlength=\"{longest}\"")), "{longest}");
    }
    for path in ["/", "/mail.css", "/mail.js", "/style.css", "/server.js", "/icon.svg"] {
        let reply = client.get(path);
        assert_eq!(reply.status(), 200, "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}");
    }
}
