//! How a connection ends.

use super::{Socket, State};
use crate::ioloop::{Action, Core, spawn};
use crate::websocket::error::WebSocketError;
use crate::websocket::frame::close_payload;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{CloseCode, Control};

/// What the other side may still send after the end. Closing a socket that has unread bytes would destroy the last words on their
/// way.
const LINGER: usize = 256 * 1024;

impl Socket {
    /// Asks the other side to close.
    pub(in crate::websocket) fn start_close(&self, frame: Option<&CloseFrame>) {
        if self.state.get() == State::Open {
            self.control(Control::Close, &close_payload(frame));
            self.state.set(State::Closing);
            self.look_again(self.settings().close_timeout);
        }
    }

    /// The other side closes, or agrees to.
    pub(super) fn hear_close(&self, frame: Option<CloseFrame>) {
        self.control(Control::Close, &close_payload(frame.as_ref()));
        // It can be set only once, and nothing is received after it.
        let _ = self.closing().frame.set(frame);
        self.state.set(State::Ended);
        self.wind_up();
    }

    /// Nothing more is received or sent. What is to be told of it is told to who receives; without an error, the connection is closed.
    pub(super) fn end(&self, error: Option<WebSocketError>) {
        if self.state.replace(State::Ended) == State::Ended {
            return;
        }
        match error {
            Some(WebSocketError::Violation(_)) => self.closing().error.set(error),
            Some(_) => {
                self.closing().error.set(error);
                self.stream.close();
            }
            None => self.stream.close(),
        }
    }

    /// Lets the last words arrive, and closes the connection: the server first. RFC 6455 §7.1.1
    pub(super) fn wind_up(&self) {
        self.flush();
        if self.stream.closed() {
            return;
        }
        let is_clean = self.stream.unsent() == 0 && self.stream.peek(<[u8]>::is_empty);
        let has_agreed = self.close_frame().is_some();
        if is_clean && has_agreed && !self.agreement.is_client {
            return self.stream.close();
        }
        self.look_again(self.settings().close_timeout);
        if let Some(socket) = self.this.upgrade() {
            drop(spawn(socket.linger()));
        }
    }

    async fn linger(self: Rc<Self>) {
        let stream = &self.stream;
        if stream.flush().await.is_ok() && stream.shutdown().is_ok() {
            let mut read = 0;
            while read < LINGER {
                stream.consume(usize::MAX);
                match poll_fn(|cx| stream.poll_fill(cx)).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => read += count,
                }
            }
        }
        stream.close();
    }

    /// Nobody receives any more: closes the connection in the next turn, when it is known whether that is a failure.
    pub(in crate::websocket) fn abandon(&self) {
        if std::thread::panicking() {
            self.has_failed.set(true);
        }
        if self.state.get() == State::Ended {
            return;
        }
        if let Some(socket) = self.this.upgrade() {
            self.core.push(move |_| socket.close_alone());
        }
    }

    /// Who was to receive has failed.
    pub(in crate::websocket) fn fail(&self) {
        self.has_failed.set(true);
    }

    fn close_alone(self: Rc<Self>) {
        let code = if self.has_failed.get() { CloseCode::Error } else { CloseCode::Normal };
        self.start_close(Some(&CloseFrame { code, reason: "".into() }));
        if self.state.get() != State::Ended {
            drop(spawn(async move {
                while let Ok(Some(_)) = poll_fn(|cx| self.poll_recv(cx, true)).await {}
            }));
        }
    }

    /// Looks after it when `delay` is over.
    pub(super) fn look_again(&self, delay: Duration) {
        let this = self.this.clone();
        let look = move |_: &Core| {
            if let Some(socket) = this.upgrade() {
                socket.look();
            }
        };
        let deadline = self.core.deadline(delay.into());
        let timer = self.core.add_timeout(deadline, Action::Call(Box::new(Box::new(look))));
        drop(self.core.remove_timeout(self.timer.replace(timer)));
    }

    /// Asks whether the other side is still there, or does without it.
    fn look(&self) {
        if self.state.get() != State::Open {
            // Its patience for a close is over.
            self.end(None);
            return self.stream.close();
        }
        let Some(interval) = self.settings().ping_interval else { return };
        let timeout = self.settings().ping_timeout.unwrap_or(interval);
        let now = self.core.ticks();
        let since = |moment: u64| Duration::from_nanos(now.saturating_sub(moment));
        if self.pinged.get() == 0 {
            let quiet = since(self.heard.get());
            if quiet < interval {
                return self.look_again(interval - quiet);
            }
            self.pinged.set(now);
            self.control(Control::Ping, b"");
        } else if since(self.pinged.get()) >= timeout && self.is_reading.get() {
            tracing::info!(target: "gustnado.general", "closing a WebSocket: ping timed out");
            return self.end(Some(WebSocketError::PingTimeout));
        }
        self.look_again(timeout);
    }
}
