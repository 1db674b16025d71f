//! What a WebSocket server does with frames, byte by byte. RFC 6455.

use gustnado::prelude::*;
use gustnado::websocket::{CloseCode, Kind, WebSocketError, WebSocketSettings};
use gustnado_tests::{Frames, Server, eventually, handshake, masked};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[route("/echo")]
async fn echo(mut socket: WebSocket) -> Result<()> {
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}

fn server() -> Server {
    Server::application(|| Application::new(routes![echo]))
}

#[test]
fn it_says_what_it_hears() {
    let server = server();
    let mut client = Frames::open(&server, "/echo");
    for size in [0, 1, 125, 126, 127, 4_095, 16_383, 16_384, 65_535, 65_536, 1_000_000] {
        let text = "x".repeat(size);
        client.send(0x81, &text).expect(0x81, &text);
        let bytes = vec![0xff; size];
        client.send(0x82, &bytes).expect(0x82, &bytes);
    }
    client.send(0x01, "frag").send(0x89, "ping").send(0x00, "men").send(0x80, "ts");
    client.expect(0x8a, "ping").expect(0x81, "fragments");
    client.send(0x8a, "unasked").send(0x88, b"\x03\xe8bye").expect(0x88, b"\x03\xe8bye");
    client.0.expect_end();
}

#[test]
fn everything_that_has_arrived_is_answered_in_order_whatever_the_pieces() {
    let server = server();
    let mut frames = Vec::new();
    let mut answers = Vec::new();
    for number in 0..300 {
        let text = format!("message {number}");
        frames.extend(masked(0x81, text.as_bytes()));
        answers.push((0x81, text));
        if number % 7 == 0 {
            frames.extend(masked(0x89, b"p"));
            answers.push((0x8a, "p".into()));
        }
    }
    for piece in [1, 3, 100, frames.len()] {
        let mut client = Frames::open(&server, "/echo");
        for bytes in frames.chunks(piece) {
            client.0.send(bytes);
        }
        for (first, payload) in &answers {
            client.expect(*first, payload);
        }
    }
}

#[test]
fn frames_behind_the_request_are_not_lost() {
    let server = server();
    let mut client = server.connect();
    client.send([handshake("/echo", "").into_bytes(), masked(0x81, b"early")].concat());
    assert_eq!(client.reply().status(), 101);
    Frames(client).expect(0x81, "early");
    // Nor is the answer to a request before it.
    let mut client = server.connect();
    client.send("GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n".to_owned() + &handshake("/echo", ""));
    assert_eq!(client.reply().status(), 404);
    assert_eq!(client.reply().status(), 101);
    Frames(client).send(0x81, "a").expect(0x81, "a");
}

#[test]
fn who_breaks_a_rule_is_told_its_code() {
    let server = server();
    let close = |code: u16| masked(0x88, &code.to_be_bytes());
    for (frames, code) in [
        (masked(0xc1, b"a"), 1002),
        (masked(0xa1, b"a"), 1002),
        (masked(0x91, b"a"), 1002),
        (masked(0x83, b""), 1002),
        (masked(0x8f, b""), 1002),
        (b"\x81\x01a".to_vec(), 1002),
        (masked(0x89, &[0; 126]), 1002),
        (masked(0x09, b""), 1002),
        (b"\x82\xfe\x00\x7d\x00\x00\x00\x00".to_vec(), 1002),
        (masked(0x80, b"a"), 1002),
        ([masked(0x01, b"a"), masked(0x81, b"a")].concat(), 1002),
        (masked(0x88, b"a"), 1002),
        (close(1005), 1002),
        (close(2999), 1002),
        (masked(0x88, b"\x03\xe8\xff"), 1007),
        (masked(0x81, b"\xff"), 1007),
        ([masked(0x01, b"\xe2"), masked(0x80, b"")].concat(), 1007),
    ] {
        let mut client = Frames::open(&server, "/echo");
        // What was right before is answered, and what comes after is not looked at.
        client.0.try_send([masked(0x81, b"before"), frames, masked(0x81, b"after")].concat());
        client.expect(0x81, "before").expect_close(code);
    }
    eventually("nothing is left", || server.connections() == 0);
}

#[test]
fn every_close_that_is_allowed_is_answered_with_the_same() {
    let server = server();
    for code in [1000_u16, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 4999] {
        let mut client = Frames::open(&server, "/echo");
        client.send(0x88, code.to_be_bytes()).expect_close(code);
    }
    let mut client = Frames::open(&server, "/echo");
    client.send(0x88, "").expect(0x88, "");
    client.0.expect_end();
}

#[test]
fn a_message_that_is_too_long_is_refused_before_it_is_read() {
    let server = Server::application(|| {
        let settings =
            WebSocketSettings { max_message_size: 1_000, ..WebSocketSettings::default() };
        Application::new(routes![echo]).provide(settings)
    });
    let mut client = Frames::open(&server, "/echo");
    client.send(0x82, [0; 1_000]).expect(0x82, [0; 1_000]);
    client.0.send(&masked(0x82, &[0; 1_001])[..8]);
    client.expect_close(1009);
    let mut client = Frames::open(&server, "/echo");
    client.send(0x02, [0; 600]);
    client.0.send(&masked(0x80, &[0; 401])[..8]);
    client.expect_close(1009);
}

#[route("/pieces")]
async fn pieces(mut socket: WebSocket) -> Result<()> {
    let Some(mut message) = socket.recv_streamed().await? else { return Ok(()) };
    let kind = message.kind();
    let (mut count, mut sum) = (0_u64, 0_u64);
    while let Some(piece) = message.next().await? {
        count += piece.len() as u64;
        sum += piece.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    }
    drop(message);
    // Only the beginning of the next one is wanted.
    drop(socket.recv_streamed().await?);
    let last = socket.recv().await?;
    let last = last.as_ref().and_then(|last| last.as_text()).unwrap_or_default();
    let sender = socket.sender();
    let mut answer = socket.stream(Kind::Text)?;
    assert_eq!(sender.stream(Kind::Text).unwrap_err(), WebSocketError::Streaming);
    answer.write(format!("{kind:?} {count} ")).await?;
    sender.send("in between").await?;
    sender.ping("urgent")?;
    answer.write(format!("{sum} ")).await?;
    answer.write(last).await?;
    Ok(answer.finish().await?)
}

#[test]
fn messages_come_and_go_in_pieces() {
    let server = Server::application(|| {
        let settings = WebSocketSettings { max_message_size: 100, ..WebSocketSettings::default() };
        Application::new(routes![pieces]).provide(settings)
    });
    let mut client = Frames::open(&server, "/pieces");
    client.send(0x02, [1; 70_000]).send(0x80, [1; 130_000]);
    client
        .send(0x01, "some")
        .send(0x00, "thing ".repeat(10_000))
        .send(0x80, "long")
        .send(0x81, "é");
    client.expect(0x01, "Binary 200000 ").expect(0x89, "urgent").expect(0x00, "200000 ");
    client.expect(0x00, "é").expect(0x80, "").expect(0x81, "in between").expect_close(1000);
}

#[route("/end/{how}")]
async fn end(how: String, mut socket: WebSocket, ended: &Arc<AtomicUsize>) -> Result<()> {
    let ended = ended.clone();
    match &*how {
        "well" => Ok(()),
        "badly" => Err(Error::msg("something is broken")),
        "panicking" => panic!("as it was told"),
        "saying so" => {
            socket.close(CloseCode::from(4001), "had enough");
            socket.close(CloseCode::Normal, "not said");
            assert_eq!(socket.send("too late").await, Err(WebSocketError::Closed));
            assert_eq!(socket.recv().await?, None);
            assert_eq!(socket.close_code(), Some(CloseCode::from(4002)));
            assert_eq!(socket.close_reason(), Some("me too"));
            ended.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        _ => {
            while socket.recv().await?.is_some() {}
            assert_eq!(socket.close_code(), None);
            ended.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }
}

#[test]
fn how_a_handler_ends_is_how_its_connection_ends() {
    let ended = Arc::new(AtomicUsize::new(0));
    let counted = ended.clone();
    let server = Server::application(move || Application::new(routes![end]).provide(counted));
    Frames::open(&server, "/end/well").expect_close(1000);
    Frames::open(&server, "/end/badly").expect_close(1011);
    Frames::open(&server, "/end/panicking").expect_close(1011);
    let log = server.log().take();
    assert!(log.iter().any(|line| line.contains("something is broken")), "{log:?}");
    assert!(log.iter().any(|line| line.contains("as it was told")), "{log:?}");

    let mut client = Frames::open(&server, "/end/saying%20so");
    client
        .expect(0x88, b"\x0f\xa1had enough")
        .send(0x81, "not heard")
        .send(0x88, b"\x0f\xa2me too");
    client.0.expect_end();
    eventually("it heard the answer", || ended.load(Ordering::Relaxed) == 1);

    // Without a word, and in the middle of one.
    drop(Frames::open(&server, "/end/waiting"));
    let mut client = Frames::open(&server, "/end/waiting").0;
    client.send(b"\x81");
    client.reset();
    eventually("it noticed", || ended.load(Ordering::Relaxed) == 3);
    eventually("nothing is left", || server.connections() == 0);
}
