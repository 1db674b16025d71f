//! WebSockets between our server and our client, in a world where time and the network are simulated.

use gustnado::coroutine::{cancel_after, moment, sleep};
use gustnado::http::HTTPClientError;
use gustnado::iostream::IOStream;
use gustnado::prelude::*;
use gustnado::tcpserver::TCPServer;
use gustnado::testing::Simulation;
use gustnado::websocket::{
    CloseCode, Compression, ConnectError, Hub, Message, Reconnect, SlowConsumer, Violation,
    WebSocketError, WebSocketRequest, WebSocketSender, WebSocketSettings, WebSocketUpgrade,
    websocket_connect,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

const SERVER: &str = "10.0.0.2:80";

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn elapsed() -> u64 {
    Simulation::current().elapsed().as_secs()
}

#[route("/echo")]
async fn echo(mut socket: WebSocket) -> Result<()> {
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}

/// What a handler has heard last, and how it ended.
#[derive(Default)]
struct Seen {
    end: RefCell<Option<Result<(), WebSocketError>>>,
    code: Cell<Option<CloseCode>>,
}

#[route("/listen")]
async fn listen(mut socket: WebSocket, seen: &Rc<Seen>) -> Result<()> {
    let end = loop {
        match socket.recv().await {
            Ok(Some(_)) => {}
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    seen.code.set(socket.close_code());
    *seen.end.borrow_mut() = Some(end);
    Ok(())
}

fn url(path: &str) -> String {
    format!("ws://{SERVER}{path}")
}

#[gustnado::test(simulated)]
async fn messages_of_all_kinds_come_back() -> Outcome {
    let _server = Application::new(routes![echo]).listen(SERVER)?;
    let mut socket = websocket_connect(url("/echo")).await?;
    let long = "long ".repeat(20_000);
    for message in [
        Message::from("text"),
        Message::from(vec![0, 1, 2, 255]),
        Message::from(""),
        Message::from(long),
    ] {
        socket.send(message.clone()).await?;
        assert_eq!(socket.recv().await?, Some(message));
    }
    socket.send_json(&[1, 2, 3]).await?;
    let numbers: Vec<u8> = socket.recv().await?.unwrap().json()?;
    assert_eq!(numbers, [1, 2, 3]);
    socket.close(CloseCode::Normal, "done");
    assert_eq!(socket.recv().await?, None);
    assert_eq!(socket.close_code(), Some(CloseCode::Normal));
    assert_eq!(socket.send("more").await, Err(WebSocketError::Closed));
    Ok(())
}

#[gustnado::test(simulated)]
async fn many_messages_are_under_way_at_once() -> Outcome {
    let _server = Application::new(routes![echo]).listen(SERVER)?;
    let (sender, mut receiver) = websocket_connect(url("/echo")).await?.split();
    let sending = spawn(async move {
        for number in 0..2_000_u32 {
            sender.send(number.to_string()).await.unwrap();
        }
    });
    for number in 0..2_000_u32 {
        assert_eq!(receiver.recv().await?, Some(number.to_string().into()));
    }
    sending.await?;
    Ok(())
}

#[route("/compressed/{takeover}")]
async fn compressed(takeover: bool, upgrade: WebSocketUpgrade) -> Result<()> {
    let compression = Compression { context_takeover: takeover, ..Compression::default() };
    let mut socket = upgrade.compression(compression).subprotocols(&["b", "a"]).accept()?;
    assert!(socket.is_compressed());
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}

#[gustnado::test(simulated)]
async fn both_sides_compress_whatever_they_remember() -> Outcome {
    let _server = Application::new(routes![compressed, echo]).listen(SERVER)?;
    for server in [true, false] {
        for (client, window_bits) in [(true, 15), (false, 9), (true, 9)] {
            let compression =
                Compression { context_takeover: client, window_bits, ..Compression::default() };
            let request = WebSocketRequest::new(url(&format!("/compressed/{server}")))
                .compression(compression)
                .subprotocols(&["a", "b"]);
            let mut socket = request.connect().await?;
            assert!(socket.is_compressed());
            assert_eq!(socket.subprotocol(), Some("b"));
            for round in 0..20_usize {
                let text = format!("{round} says the same ").repeat(round * round);
                socket.send(text.as_str()).await?;
                assert_eq!(socket.recv().await?, Some(text.into()));
            }
        }
    }
    // One that does not want to.
    let request = WebSocketRequest::new(url("/echo")).compression(Compression::default());
    let mut socket = request.connect().await?;
    assert!(!socket.is_compressed());
    socket.send("x".repeat(1_000)).await?;
    assert_eq!(socket.recv().await?, Some("x".repeat(1_000).into()));
    Ok(())
}

#[gustnado::test(simulated)]
async fn who_is_there_is_asked_and_stays() -> Outcome {
    let seen = Rc::new(Seen::default());
    let server = Application::new(routes![listen]).provide(seen.clone()).listen(SERVER)?;
    let mut socket = websocket_connect(url("/listen")).await?;
    assert!(cancel_after(seconds(3_600), socket.recv()).await.is_err());
    assert!(seen.end.borrow().is_none() && socket.is_open());
    drop(socket);
    sleep(seconds(1)).await;
    assert_eq!(*seen.end.borrow(), Some(Ok(())));
    assert_eq!(seen.code.get(), Some(CloseCode::Normal));
    drop(server);
    Ok(())
}

#[gustnado::test(simulated)]
async fn who_is_gone_without_a_word_is_noticed() -> Outcome {
    let seen = Rc::new(Seen::default());
    let _server = Application::new(routes![listen]).provide(seen.clone()).listen(SERVER)?;
    let mut socket = websocket_connect(url("/listen")).await?;
    Simulation::current().partition([127, 0, 0, 1], [10, 0, 0, 2]);
    let begun = elapsed();
    assert_eq!(socket.recv().await, Err(WebSocketError::PingTimeout));
    assert_eq!(socket.recv().await, Ok(None));
    // 30 s of silence, and as many for an answer.
    assert_eq!(elapsed() - begun, 60);
    sleep(seconds(1)).await;
    assert_eq!(*seen.end.borrow(), Some(Err(WebSocketError::PingTimeout)));
    assert_eq!(seen.code.get(), None);
    Ok(())
}

#[route("/busy")]
async fn busy(mut socket: WebSocket) -> Result<()> {
    while let Some(message) = socket.recv().await? {
        sleep(seconds(600)).await;
        socket.send(message).await?;
    }
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_handler_that_is_busy_holds_nothing_against_its_client() -> Outcome {
    let _server = Application::new(routes![busy]).listen(SERVER)?;
    // The client's patience is another matter.
    let settings = WebSocketSettings { ping_interval: None, ..WebSocketSettings::default() };
    let mut socket = WebSocketRequest::new(url("/busy")).settings(settings).connect().await?;
    for _ in 0..3 {
        socket.send("think").await?;
        assert_eq!(socket.recv().await?, Some("think".into()));
    }
    Ok(())
}

#[route("/rude")]
async fn rude(socket: WebSocket) -> Result<()> {
    let (sender, receiver) = socket.split();
    sender.close(CloseCode::Away, "");
    sleep(seconds(3)).await;
    drop(receiver);
    Ok(())
}

#[gustnado::test(simulated)]
async fn who_does_not_answer_a_close_is_not_waited_for_for_ever() -> Outcome {
    let server = Application::new(routes![rude]).listen(SERVER)?;
    let stream = IOStream::connect(SERVER.parse()?).await?;
    stream
        .write(
            b"GET /rude HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .await?;
    stream.read_until(b"\r\n\r\n").await?;
    let begun = elapsed();
    assert_eq!(stream.read_until_close().await?, b"\x88\x02\x03\xe9");
    assert!((5..=6).contains(&(elapsed() - begun)));
    drop(server);
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_server_that_ends_says_that_it_goes_away() -> Outcome {
    let seen = Rc::new(Seen::default());
    let server = Application::new(routes![listen]).provide(seen.clone()).listen(SERVER)?;
    let mut socket = websocket_connect(url("/listen")).await?;
    let ending = spawn(server.run_until(sleep(seconds(10))));
    assert_eq!(socket.recv().await, Ok(None));
    assert_eq!(socket.close_code(), Some(CloseCode::Away));
    ending.await??;
    assert_eq!(*seen.end.borrow(), Some(Ok(())));
    assert!(elapsed() < 15);
    Ok(())
}

/// A server that answers a handshake with `answer`, in which `{accept}` stands for the right key.
async fn answering(answer: &'static str) -> TCPServer {
    let server = TCPServer::new(async move |stream: IOStream, _| {
        stream.read_until(b"\r\n\r\n").await.ok();
        stream.write(answer.as_bytes()).await.ok();
        sleep(seconds(1)).await;
    });
    server.listen(SERVER.parse().unwrap()).unwrap();
    server
}

#[gustnado::test(simulated)]
async fn a_client_believes_only_a_server_that_has_understood() -> Outcome {
    let key = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let other = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n";
    for answer in [key, other] {
        let server = answering(answer).await;
        let error = websocket_connect(url("/")).await.unwrap_err();
        assert!(matches!(error, ConnectError::Handshake(_)), "{error}");
        server.stop();
        moment().await;
    }
    for (answer, status) in [
        ("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", 302),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200),
        ("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n", 426),
    ] {
        let server = answering(answer).await;
        let error = websocket_connect(url("/")).await.unwrap_err();
        let ConnectError::Http(HTTPClientError::Status(response)) = &error else {
            panic!("{error}")
        };
        assert_eq!(response.code(), status);
        server.stop();
        moment().await;
    }
    let error = WebSocketRequest::new(url("/")).connect_timeout(seconds(2)).connect().await;
    assert!(matches!(error, Err(ConnectError::Http(HTTPClientError::Connect(_)))), "{error:?}");
    Ok(())
}

#[route("/mask")]
async fn not_masked(socket: WebSocket, seen: &Rc<Seen>) -> Result<()> {
    let (_sender, mut receiver) = socket.split();
    *seen.end.borrow_mut() = Some(receiver.recv().await.map(drop));
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_violation_is_told_once_with_its_rule() -> Outcome {
    let seen = Rc::new(Seen::default());
    let _server = Application::new(routes![not_masked]).provide(seen.clone()).listen(SERVER)?;
    let stream = IOStream::connect(SERVER.parse()?).await?;
    stream
        .write(
            b"GET /mask HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x01a",
        )
        .await?;
    let answer = stream.read_until_close().await?;
    assert!(answer.ends_with(b"\x88\x16\x03\xeaframe without a mask"), "{answer:?}");
    let expected = Err(WebSocketError::Violation(Violation::Unmasked));
    assert_eq!(*seen.end.borrow(), Some(expected));
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_connection_is_opened_again_after_pauses_that_grow() -> Outcome {
    let world = Simulation::current();
    let attempts = Rc::new(RefCell::new(Vec::new()));
    let noted = attempts.clone();
    let mut reconnect = Reconnect::new(move || {
        noted.borrow_mut().push(Simulation::current().elapsed());
        WebSocketRequest::new(url("/echo"))
    })
    .retry(
        gustnado::jobs::Retry::exponential(seconds(1)).longest(seconds(4)).attempts(6).jitter(0.0),
    );
    let server = spawn(async {
        sleep(seconds(10)).await;
        Application::new(routes![echo]).listen(SERVER).unwrap()
    });
    let socket = reconnect.connect().await?;
    let times: Vec<u64> = attempts.borrow().iter().map(Duration::as_secs).collect();
    assert_eq!(times, [0, 1, 3, 7, 11]);
    drop(socket);
    // After one that has worked, the pause is the first one.
    let before = world.elapsed();
    let mut socket = reconnect.connect().await?;
    assert_eq!((world.elapsed() - before).as_secs(), 1);
    socket.send("again").await?;
    assert_eq!(socket.recv().await?, Some("again".into()));
    drop((socket, server.await?));
    sleep(seconds(10)).await;
    let count = attempts.borrow().len();
    assert!(reconnect.connect().await.is_err());
    assert_eq!(attempts.borrow().len() - count, 5);
    Ok(())
}

#[route("/room/{room}")]
async fn room(room: String, mut socket: WebSocket, hub: &Hub) -> Result<()> {
    let _member = hub.join(&room, &socket);
    while let Some(message) = socket.recv().await? {
        hub.send(&room, message);
    }
    Ok(())
}

#[route("/room/compressed/{takeover}")]
async fn compressed_room(takeover: bool, upgrade: WebSocketUpgrade, hub: &Hub) -> Result<()> {
    let compression = Compression { context_takeover: takeover, ..Compression::default() };
    let mut socket = upgrade.compression(compression).accept()?;
    let _member = hub.join("all", &socket);
    while let Some(message) = socket.recv().await? {
        // To itself alone, so that its compressor has seen something that others have not.
        socket.send(message).await?;
    }
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_room_hears_what_is_said_in_it_and_nothing_else() -> Outcome {
    let hub = Hub::new();
    let _server = Application::new(routes![room]).provide(hub.clone()).listen(SERVER)?;
    let mut members = Vec::new();
    for number in 0..20 {
        members.push(websocket_connect(url(&format!("/room/{}", number % 2))).await?);
    }
    sleep(seconds(1)).await;
    assert_eq!((hub.members("0"), hub.members("1"), hub.members("2")), (10, 10, 0));
    members[0].send("even").await?;
    members[1].send("odd").await?;
    for (number, member) in members.iter_mut().enumerate() {
        let expected = if number % 2 == 0 { "even" } else { "odd" };
        assert_eq!(member.recv().await?, Some(expected.into()));
    }
    drop(members.drain(1..));
    sleep(seconds(10)).await;
    assert_eq!((hub.members("0"), hub.rooms()), (1, vec!["0".into()]));
    hub.send("0", "bye");
    assert_eq!(members[0].recv().await?, Some("bye".into()));
    Ok(())
}

#[gustnado::test(simulated)]
async fn a_message_for_all_reaches_each_as_it_was_agreed_with_it() -> Outcome {
    let hub = Hub::new();
    let routes = routes![room, compressed_room];
    let _server = Application::new(routes).provide(hub.clone()).listen(SERVER)?;
    let mut members = vec![websocket_connect(url("/room/all")).await?];
    for takeover in [true, false, true] {
        for window_bits in [15, 9] {
            let compression =
                Compression { context_takeover: true, window_bits, ..Compression::default() };
            let request = WebSocketRequest::new(url(&format!("/room/compressed/{takeover}")));
            members.push(request.compression(compression).connect().await?);
        }
    }
    sleep(seconds(1)).await;
    for round in 0..5 {
        let text = format!("for everybody, for everybody, for everybody, {round}");
        hub.send("all", text.as_str());
        hub.send("all", "short");
        for (number, member) in members.iter_mut().enumerate() {
            assert_eq!(member.recv().await?, Some(text.as_str().into()));
            assert_eq!(member.recv().await?, Some("short".into()));
            if number > 0 {
                let own = format!("for everybody, for everybody, but {number} alone");
                member.send(own.as_str()).await?;
                assert_eq!(member.recv().await?, Some(own.into()));
            }
        }
    }
    Ok(())
}

/// Joins a room, and is never seen again.
#[route("/stuck")]
async fn stuck(mut socket: WebSocket, hub: &Hub, seen: &Rc<Seen>) -> Result<()> {
    let _member = hub.join("all", &socket);
    *seen.end.borrow_mut() = Some(loop {
        match socket.recv().await {
            Ok(Some(_)) => {}
            other => break other.map(drop),
        }
    });
    Ok(())
}

#[gustnado::test(simulated)]
async fn who_does_not_read_is_dropped_and_delays_nobody() -> Outcome {
    for slow_consumer in [SlowConsumer::Close, SlowConsumer::Drop] {
        let (hub, seen) = (Hub::new(), Rc::new(Seen::default()));
        let settings = WebSocketSettings {
            max_queue: 50_000,
            slow_consumer,
            ping_interval: None,
            ..WebSocketSettings::default()
        };
        let server = Application::new(routes![room, stuck])
            .provide(hub.clone())
            .provide(seen.clone())
            .provide(settings.clone())
            .listen(SERVER)?;
        let request = |path| WebSocketRequest::new(url(path)).settings(settings.clone());
        let stuck = request("/stuck").connect().await?;
        let mut reader = request("/room/all").connect().await?;
        sleep(seconds(1)).await;
        assert_eq!(hub.members("all"), 2);
        for number in 0..40_u32 {
            let text = format!("{number} {}", "x".repeat(10_000));
            hub.send("all", text.as_str());
            assert_eq!(reader.recv().await?, Some(text.into()));
        }
        match slow_consumer {
            SlowConsumer::Close => {
                assert_eq!(*seen.end.borrow(), Some(Err(WebSocketError::QueueFull)));
                assert_eq!(hub.members("all"), 1);
            }
            SlowConsumer::Drop => assert_eq!(hub.members("all"), 2),
        }
        drop((stuck, reader, server));
        sleep(seconds(20)).await;
    }
    Ok(())
}

#[gustnado::test(simulated, seeds = 3)]
async fn a_sender_waits_for_who_reads_slowly() -> Outcome {
    let senders = Rc::new(RefCell::new(Vec::<WebSocketSender>::new()));
    let _server = Application::new(routes![keep]).provide(senders.clone()).listen(SERVER)?;
    let mut socket = websocket_connect(url("/keep")).await?;
    sleep(seconds(1)).await;
    let sender = senders.borrow()[0].clone();
    let sent = Rc::new(Cell::new(0));
    let counted = sent.clone();
    let sending = spawn(async move {
        for _ in 0..40 {
            sender.send(vec![7; 10_000]).await.unwrap();
            counted.set(counted.get() + 1);
        }
        sender.queued()
    });
    sleep(seconds(5)).await;
    assert!(sent.get() < 40, "nobody has read anything, and all was sent");
    for _ in 0..40 {
        assert_eq!(socket.recv().await?, Some(vec![7; 10_000].into()));
    }
    assert!(sending.await? < 100_000);
    Ok(())
}

#[route("/keep")]
async fn keep(mut socket: WebSocket, senders: &Rc<RefCell<Vec<WebSocketSender>>>) -> Result<()> {
    senders.borrow_mut().push(socket.sender());
    while socket.recv().await?.is_some() {}
    Ok(())
}
