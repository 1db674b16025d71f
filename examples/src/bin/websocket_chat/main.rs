//! Tornado's chat over WebSockets, compressed: open it in two windows.
//!
//! Every window has a connection of its own, and all of them are in one room of a [`Hub`]: what one says is framed and compressed
//! once, and sent to all. The page is that of the example `chat`; only its script speaks to the server in another way.

mod room;
#[cfg(test)]
mod tests;

use examples::page;
use gustnado::prelude::*;
use gustnado::websocket::{Compression, Hub, WebSocketSettings, WebSocketUpgrade};
use room::{Message, Room};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The longest name and the longest message, in characters. The page says the same.
const LONGEST_NAME: usize = 40;
const LONGEST_BODY: usize = 2_000;

/// The name of the only room.
const ROOM: &str = "chat";

/// What a window says.
#[derive(Deserialize)]
struct Said {
    name: String,
    body: String,
    /// What the window calls itself, so that it knows its own messages when it hears them.
    window: String,
}

/// What a window is told.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Told {
    Messages(Vec<Rc<Message>>),
    Problem(&'static str),
}

#[route("/chatsocket")]
async fn chatsocket(upgrade: WebSocketUpgrade, room: &Rc<Room>, hub: &Hub) -> Result<()> {
    let mut socket = upgrade.compression(Compression::default()).accept()?;
    let _member = hub.join(ROOM, &socket);
    socket.send_json(&Told::Messages(room.latest())).await?;
    while let Some(message) = socket.recv().await? {
        match check(message.json().ok()) {
            Ok(said) => {
                let message = room.say(said.name.trim(), said.body.trim(), &said.window);
                hub.send_json(ROOM, &Told::Messages(vec![message]))?;
            }
            Err(problem) => socket.send_json(&Told::Problem(problem)).await?,
        }
    }
    Ok(())
}

fn check(said: Option<Said>) -> Result<Said, &'static str> {
    let is_fit = |text: &str, longest| !text.is_empty() && text.chars().count() <= longest;
    match said {
        None => Err("a message has a name, a body and a window"),
        Some(said) if !is_fit(said.body.trim(), LONGEST_BODY) => {
            Err("a message has 1 to 2000 characters")
        }
        Some(said)
            if is_fit(said.name.trim(), LONGEST_NAME) && is_fit(&said.window, LONGEST_NAME) =>
        {
            Ok(said)
        }
        Some(_) => Err("a name has 1 to 40 characters"),
    }
}

#[route("/")]
async fn index() -> impl Respond {
    page("text/html; charset=utf-8", include_str!("../chat/page/index.html"))
}

#[route("/chat.css")]
async fn style() -> impl Respond {
    page("text/css; charset=utf-8", include_str!("../chat/page/chat.css"))
}

#[route("/chat.js")]
async fn script() -> impl Respond {
    page("text/javascript; charset=utf-8", include_str!("page/chat.js"))
}

fn application() -> Application {
    // A character takes twelve bytes at most, as an escape of JSON.
    let settings = WebSocketSettings { max_message_size: 32_768, ..WebSocketSettings::default() };
    Application::new(routes![index, style, script, examples::icon, chatsocket])
        .provide(Rc::new(Room::default()))
        .provide(Hub::new())
        .provide(settings)
}

#[gustnado::main]
async fn main() -> Result<()> {
    examples::serve(application()).await
}
