//! Mail with a window to undo: what is sent can be called back for ten seconds.
//!
//! A mail in the window is a coroutine that sleeps; calling it back cancels the coroutine. The tests let an hour pass in virtual
//! time.
//!
//! ```text
//! curl 127.0.0.1:8888/send -d to=ada@example.org -d subject=Hello -d body=Hi
//! curl -X POST 127.0.0.1:8888/undo/1
//! curl 127.0.0.1:8888/mails
//! ```

mod outbox;
#[cfg(test)]
mod tests;

use examples::{page, same_origin};
use gustnado::prelude::*;
use outbox::{Mail, Outbox, Summary, UndoError};
use serde::Serialize;
use std::rc::Rc;
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(10);

/// The longest of each, in characters. The page says the same.
const LONGEST_ADDRESS: usize = 200;
const LONGEST_SUBJECT: usize = 200;
const LONGEST_BODY: usize = 5_000;

#[derive(Serialize)]
struct Accepted {
    id: u64,
    /// For how many seconds it can be called back.
    window: f64,
}

#[derive(Serialize)]
struct Mails {
    mails: Vec<Summary>,
}

/// A character takes twelve bytes at most: four, percent-encoded.
#[post("/send", max_body_size = 70_000)]
async fn send(
    Form(mail): Form<Mail>,
    outbox: &Rc<Outbox>,
    cx: &Context,
) -> Result<(StatusCode, Json<Accepted>)> {
    same_origin(cx)?;
    let fits =
        |text: &str, longest| text.chars().count() <= longest && !text.contains(['\r', '\n']);
    if !fits(&mail.to, LONGEST_ADDRESS) || !mail.to.contains('@') {
        return refuse(StatusCode::BAD_REQUEST, "an address has an @ and at most 200 characters");
    }
    if !fits(&mail.subject, LONGEST_SUBJECT) {
        return refuse(StatusCode::BAD_REQUEST, "a subject is one line of at most 200 characters");
    }
    if mail.body.chars().count() > LONGEST_BODY {
        return refuse(StatusCode::BAD_REQUEST, "a mail has at most 5000 characters");
    }
    let Some(id) = outbox.send(mail) else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "too many mails wait to be sent");
    };
    Ok((StatusCode::ACCEPTED, Json(Accepted { id, window: outbox.window().as_secs_f64() })))
}

/// Answers with the mail, so that it can be written again.
#[post("/undo/{id}", max_body_size = 0)]
async fn undo(id: u64, outbox: &Rc<Outbox>, cx: &Context) -> Result<Json<Mail>> {
    same_origin(cx)?;
    match outbox.undo(id) {
        Ok(mail) => Ok(Json(mail)),
        Err(UndoError::Unknown) => refuse(StatusCode::NOT_FOUND, "there is no such mail"),
        Err(UndoError::TooLate) => refuse(StatusCode::CONFLICT, "it has been sent already"),
    }
}

#[route("/mails")]
async fn mails(outbox: &Rc<Outbox>) -> Json<Mails> {
    Json(Mails { mails: outbox.mails() })
}

fn refuse<T>(status: StatusCode, reason: &'static str) -> Result<T> {
    Err(HTTPError::new(status).with_reason(reason).into())
}

#[route("/")]
async fn index() -> impl Respond {
    page("text/html; charset=utf-8", include_str!("page/index.html"))
}

#[route("/mail.css")]
async fn look() -> impl Respond {
    page("text/css; charset=utf-8", include_str!("page/mail.css"))
}

#[route("/mail.js")]
async fn script() -> impl Respond {
    page("text/javascript; charset=utf-8", include_str!("page/mail.js"))
}

/// What is in the window when the application ends is sent: its users have said so, and have not called it back.
fn application(outbox: Rc<Outbox>) -> Application {
    let ending = outbox.clone();
    let routes = routes![
        index,
        look,
        script,
        send,
        undo,
        mails,
        examples::icon,
        examples::style,
        examples::server
    ];
    Application::new(routes).provide(outbox).on_shutdown(async move || ending.flush())
}

#[gustnado::main]
async fn main() -> Result<()> {
    examples::serve(application(Outbox::new(WINDOW))).await
}
