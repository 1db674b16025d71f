//! The chat as its windows see it.

use super::*;
use gustnado::websocket::{WebSocketRequest, WebSocketSender};
use serde_json::{Value, json};

const CHAT: &str = "10.0.0.2:80";

async fn open() -> Result<WebSocket> {
    let request = WebSocketRequest::new(format!("ws://{CHAT}/chatsocket"));
    Ok(request.compression(Compression::default()).connect().await?)
}

async fn told(socket: &mut WebSocket) -> Result<Value> {
    match socket.recv().await? {
        Some(message) => Ok(message.json()?),
        None => Err(Error::msg("the chat has ended")),
    }
}

async fn say(window: &WebSocketSender, body: &str) -> Result<()> {
    Ok(window.send_json(&json!({ "name": "Ada", "body": body, "window": "w" })).await?)
}

fn texts(told: &Value) -> Vec<&str> {
    let messages = told["messages"].as_array().unwrap();
    messages.iter().map(|message| message["body"].as_str().unwrap()).collect()
}

#[gustnado::test(simulated)]
async fn what_is_said_reaches_all_and_who_comes_later() -> Result<()> {
    let _server = application().listen(CHAT)?;
    let mut windows = [open().await?, open().await?, open().await?];
    for window in &mut windows {
        assert!(window.is_compressed());
        assert!(texts(&told(window).await?).is_empty());
    }
    say(&windows[0], " Hello, all ").await?;
    for window in &mut windows {
        assert_eq!(texts(&told(window).await?), ["Hello, all"]);
    }
    say(&windows[1], "Hello, Ada").await?;
    assert_eq!(texts(&told(&mut windows[2]).await?), ["Hello, Ada"]);
    let mut late = open().await?;
    assert_eq!(texts(&told(&mut late).await?), ["Hello, all", "Hello, Ada"]);
    Ok(())
}

#[gustnado::test(simulated)]
async fn what_cannot_be_said_is_told_to_who_said_it() -> Result<()> {
    let _server = application().listen(CHAT)?;
    let mut window = open().await?;
    told(&mut window).await?;
    let long = "x".repeat(2_001);
    for bad in
        ["", "no JSON", "{}", &json!({ "name": "A", "body": " ", "window": "w" }).to_string()]
    {
        window.send(bad).await?;
        assert!(told(&mut window).await?["problem"].is_string(), "{bad}");
    }
    say(&window, &long).await?;
    assert_eq!(told(&mut window).await?["problem"], "a message has 1 to 2000 characters");
    say(&window, &"é".repeat(2_000)).await?;
    assert_eq!(texts(&told(&mut window).await?).len(), 1);
    Ok(())
}

#[gustnado::test(simulated)]
async fn the_chat_remembers_no_more_than_it_should() -> Result<()> {
    let room = Room::default();
    for number in 0..250 {
        room.say("Ada", &number.to_string(), "w");
    }
    assert_eq!(room.latest().len(), 200);
    Ok(())
}
