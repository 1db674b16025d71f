//! Tornado's chat by long polling: open it in two windows.
//!
//! A window asks for what was said since the last message it has seen. If there is nothing, the question waits on a
//! [`Condition`](gustnado::locks::Condition), and costs little more than its connection; whoever leaves takes it along.
//!
//! ```text
//! curl 127.0.0.1:8888/a/message/updates -d cursor=0 &
//! curl 127.0.0.1:8888/a/message/new -d name=Ada -d body=Hello
//! ```

mod room;
#[cfg(test)]
mod tests;

use examples::{SameOrigin, page};
use gustnado::ioloop::{Signal, Signals};
use gustnado::prelude::*;
use room::{Message, Room};
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use std::time::Duration;

/// How long a question waits: a little less than the minute after which most proxies give up.
const PATIENCE: Duration = Duration::from_secs(50);

/// The longest name and the longest message, in characters. The page says the same.
const LONGEST_NAME: usize = 40;
const LONGEST_BODY: usize = 2_000;

#[derive(Deserialize)]
struct Said {
    name: String,
    body: String,
}

#[derive(Deserialize)]
struct Seen {
    /// The `id` of the last message that was seen; 0 stands for none.
    #[serde(default)]
    cursor: u64,
    /// For how many seconds at most to wait. Who wants to know only whether the server is there says 0.
    wait: Option<u64>,
}

#[derive(Serialize)]
struct Updates {
    messages: Vec<Rc<Message>>,
}

/// A character takes twelve bytes at most: four, percent-encoded.
#[post("/a/message/new", max_body_size = 32_768)]
async fn new(_: SameOrigin, Form(said): Form<Said>, room: &Rc<Room>) -> Result<Json<Rc<Message>>> {
    let (name, body) = (said.name.trim(), said.body.trim());
    let is_fit = |text: &str, longest| !text.is_empty() && text.chars().count() <= longest;
    if !is_fit(name, LONGEST_NAME) || name.contains(char::is_control) {
        return refuse("a name has 1 to 40 characters on one line");
    }
    if !is_fit(body, LONGEST_BODY) {
        return refuse("a message has 1 to 2000 characters");
    }
    Ok(Json(room.say(name, body)))
}

#[post("/a/message/updates", max_body_size = 1_000)]
async fn updates(_: SameOrigin, Form(seen): Form<Seen>, room: &Rc<Room>) -> Json<Updates> {
    let patience = seen.wait.map_or(PATIENCE, |seconds| PATIENCE.min(Duration::from_secs(seconds)));
    Json(Updates { messages: room.after(seen.cursor, patience).await })
}

fn refuse<T>(reason: &'static str) -> Result<T> {
    Err(HTTPError::new(StatusCode::BAD_REQUEST).with_reason(reason).into())
}

#[route("/")]
async fn index() -> impl Respond {
    page("text/html; charset=utf-8", include_str!("page/index.html"))
}

#[route("/chat.css")]
async fn style() -> impl Respond {
    page("text/css; charset=utf-8", include_str!("page/chat.css"))
}

#[route("/chat.js")]
async fn script() -> impl Respond {
    page("text/javascript; charset=utf-8", include_str!("page/chat.js"))
}

fn application(room: Rc<Room>) -> Application {
    Application::new(routes![index, style, script, examples::icon, new, updates]).provide(room)
}

#[gustnado::main]
async fn main() -> Result<()> {
    let room = Rc::new(Room::default());
    // Whoever waits is sent home first: the server's end would wait for them.
    let mut signals = Signals::new(&[Signal::Interrupt, Signal::Terminate])?;
    let closing = room.clone();
    spawn(async move {
        if signals.recv().await.is_ok() {
            closing.close();
        }
    });
    examples::serve(application(room)).await
}
