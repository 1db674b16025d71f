//! WebSockets: what is said comes back whole and in order, and what is said to all reaches each that is there; or the connection has
//! ended. Packets come late, in any pieces, and some connections are cut.

use crate::{leaves_nothing, random_below, seconds};
use gustnado::coroutine::sleep;
use gustnado::ioloop::spawn;
use gustnado::prelude::*;
use gustnado::testing::Simulation;
use gustnado::websocket::{
    Compression, Hub, Message, WebSocketRequest, WebSocketSettings, WebSocketUpgrade,
};
use std::time::Duration;

const SERVER: &str = "10.0.0.2:80";

#[route("/echo")]
async fn echo(mut socket: WebSocket) -> Result<()> {
    while let Some(message) = socket.recv().await? {
        socket.send(message).await?;
    }
    Ok(())
}

/// Hears what is said to all.
#[route("/room")]
async fn room(upgrade: WebSocketUpgrade, hub: &Hub) -> Result<()> {
    let mut socket = upgrade.accept()?;
    let _member = hub.join("all", &socket);
    while socket.recv().await?.is_some() {}
    Ok(())
}

/// A network at its worst; some connections are cut, if `cuts` says so.
fn unkind(cuts: bool) {
    let world = Simulation::current();
    world.delay(Duration::ZERO..=Duration::from_millis(200));
    world.split(1..=*world.choose(&[3, 100, 5_000]));
    world.resets(if cuts { 0.001 } else { 0.0 });
}

fn any_compression() -> Option<Compression> {
    let world = Simulation::current();
    let compression = Compression {
        context_takeover: world.chance(0.5),
        window_bits: world.random(9..=15) as u8,
        min_size: random_below(100),
        ..Compression::default()
    };
    world.chance(0.7).then_some(compression)
}

fn settings() -> WebSocketSettings {
    WebSocketSettings { compression: any_compression(), ..WebSocketSettings::default() }
}

fn any_message(number: usize) -> Message {
    let world = Simulation::current();
    let length = random_below(*world.choose(&[2, 200, 3_000]));
    let text = format!("{number} {}", "ä€".repeat(length));
    if world.chance(0.5) { text.into() } else { text.into_bytes().into() }
}

async fn connect(path: &str) -> Option<WebSocket> {
    let request = WebSocketRequest::new(format!("ws://{SERVER}{path}")).settings(settings());
    request.connect().await.ok()
}

#[gustnado::test(simulated)]
async fn what_is_said_comes_back_in_order_or_the_connection_has_ended() {
    let cuts = Simulation::current().chance(0.5);
    unkind(cuts);
    let app = Application::new(routes![echo]).provide(settings());
    let server = app.listen(SERVER).unwrap();
    let clients: Vec<_> = (0..3)
        .map(|_| {
            spawn(async move {
                let Some(socket) = connect("/echo").await else { return !cuts };
                let messages: Vec<_> = (0..random_below(12)).map(any_message).collect();
                let (sender, mut receiver) = socket.split();
                let said = messages.clone();
                let saying = spawn(async move {
                    for message in said {
                        if sender.send(message).await.is_err() {
                            return;
                        }
                    }
                });
                for message in &messages {
                    match receiver.recv().await {
                        Ok(Some(echo)) => assert_eq!(echo, *message),
                        end => {
                            assert!(cuts, "{end:?}");
                            return false;
                        }
                    }
                }
                saying.await.unwrap();
                true
            })
        })
        .collect();
    let mut served = 0;
    for client in clients {
        served += usize::from(client.await.unwrap());
    }
    assert!(cuts || served == 3);
    drop(server);
    sleep(seconds(60)).await;
    leaves_nothing().await;
}

#[gustnado::test(simulated)]
async fn what_is_said_to_all_reaches_each_in_order() {
    let cuts = Simulation::current().chance(0.5);
    unkind(cuts);
    let hub = Hub::new();
    let app = Application::new(routes![room]).provide(settings()).provide(hub.clone());
    let server = app.listen(SERVER).unwrap();
    let mut members = Vec::new();
    for _ in 0..5 {
        members.extend(connect("/room").await);
    }
    sleep(seconds(5)).await;
    let messages: Vec<_> = (0..10).map(any_message).collect();
    let hearing: Vec<_> = members
        .into_iter()
        .map(|mut member| {
            let messages = messages.clone();
            spawn(async move {
                for message in &messages {
                    match member.recv().await {
                        Ok(Some(heard)) => assert_eq!(heard, *message),
                        end => return assert!(cuts, "{end:?}"),
                    }
                }
            })
        })
        .collect();
    for message in &messages {
        hub.send("all", message.clone());
        sleep(Simulation::current().random_duration(Duration::ZERO..=seconds(1))).await;
    }
    for member in hearing {
        member.await.unwrap();
    }
    sleep(seconds(60)).await;
    assert_eq!(hub.members("all"), 0);
    drop(server);
    sleep(seconds(60)).await;
    leaves_nothing().await;
}
