//! What is written to a connection.

use super::{Socket, State};
use crate::websocket::error::WebSocketError;
use crate::websocket::frame::{CONTROL, Outgoing};
use crate::websocket::key::mask_key;
use crate::websocket::message::Message;
use crate::websocket::queue::{Queue, give_back};
use crate::websocket::settings::SlowConsumer;
use bytes::Bytes;
use tungstenite::protocol::frame::coding::{Control, OpCode};

/// So much is put together before it is sent.
const BATCH: usize = 64 * 1024;

/// A payload of this size is sent from where it is.
const LARGE: usize = 16 * 1024;

impl Socket {
    /// Puts a message behind those that wait to be sent.
    #[inline]
    pub(in crate::websocket) fn send(&self, message: Message) -> Result<(), WebSocketError> {
        if !self.is_open() {
            return Err(WebSocketError::Closed);
        }
        let opcode = message.opcode();
        let compressed = self.deflate().and_then(|deflate| deflate.compress(message.as_bytes()));
        let is_compressed = compressed.is_some();
        let payload = compressed.as_deref().unwrap_or(message.as_bytes());
        let frame = Outgoing { opcode, is_final: true, is_compressed, payload };
        if payload.len() >= LARGE && !self.agreement.is_client && !self.queue.borrow().is_holding()
        {
            let mut queue = self.queue.borrow_mut();
            frame.write_head(None, queue.urgent());
            let head = queue.take().buffer;
            drop(queue);
            let payload = match compressed {
                Some(compressed) => compressed.into(),
                None => message.into_bytes(),
            };
            drop(self.stream.write_both(&head, payload));
            give_back(head);
            return Ok(());
        }
        self.append(frame, Queue::usual);
        Ok(())
    }

    /// Puts a frame behind those that wait to be sent, at the place that `place` says.
    #[inline]
    fn append(&self, frame: Outgoing<'_>, place: impl FnOnce(&mut Queue) -> &mut Vec<u8>) {
        let key = self.agreement.is_client.then(|| mask_key(&self.core));
        let mut queue = self.queue.borrow_mut();
        frame.write(key, place(&mut queue));
        let is_batch = queue.len() >= BATCH;
        drop(queue);
        self.schedule(is_batch);
    }

    /// Puts a frame of a server behind those that wait to be sent, which others send, too.
    pub(in crate::websocket) fn share(&self, frame: &Bytes) {
        self.queue.borrow_mut().share(frame);
        self.schedule(false);
    }

    /// Sends a control frame as soon as possible, unless the end has come.
    pub(super) fn control(&self, control: Control, payload: &[u8]) {
        if self.state.get() == State::Open {
            self.append(Outgoing::whole(OpCode::Control(control), payload), Queue::urgent);
        }
    }

    pub(in crate::websocket) fn ping(&self, payload: &[u8]) -> Result<(), WebSocketError> {
        if payload.len() > CONTROL {
            return Err(WebSocketError::PingTooLong);
        }
        if !self.is_open() {
            return Err(WebSocketError::Closed);
        }
        self.control(Control::Ping, payload);
        Ok(())
    }

    /// A message is going to be sent in pieces; what others send is kept back until it ends. Says whether that may begin.
    pub(in crate::websocket) fn begin_pieces(&self) -> bool {
        self.queue.borrow_mut().hold()
    }

    /// Sends a piece.
    pub(in crate::websocket) fn piece(&self, frame: Outgoing<'_>) -> Result<(), WebSocketError> {
        if !self.is_open() {
            return Err(WebSocketError::Closed);
        }
        let is_final = frame.is_final;
        self.append(frame, Queue::urgent);
        if is_final {
            self.queue.borrow_mut().release();
            self.schedule(false);
        }
        Ok(())
    }

    /// Sends what waits at the end of this turn, or now.
    pub(super) fn schedule(&self, now: bool) {
        if now {
            return self.flush();
        }
        if !self.is_scheduled.replace(true)
            && let Some(socket) = self.this.upgrade()
        {
            self.core.push(move |_| {
                socket.is_scheduled.set(false);
                socket.flush();
            });
        }
    }

    /// Sends what waits, with one write.
    pub(super) fn flush(&self) {
        let batch = self.queue.borrow_mut().take();
        if !batch.buffer.is_empty() {
            self.stream.send(&batch.buffer);
        }
        if batch.buffer.capacity() > 0 {
            give_back(batch.buffer);
        }
        if !batch.shared.is_empty() {
            drop(self.stream.write_bytes(batch.shared));
        }
    }

    /// Waits, if much waits to be sent.
    #[inline]
    pub(in crate::websocket) async fn drain(&self) -> Result<(), WebSocketError> {
        if self.unsent() < BATCH {
            return Ok(());
        }
        self.flush();
        self.stream.flush().await.map_err(|_| WebSocketError::Closed)
    }

    /// How many bytes wait to be sent.
    pub(in crate::websocket) fn unsent(&self) -> usize {
        self.queue.borrow().len() + self.stream.unsent()
    }

    /// Whether something more may wait to be sent. If not, that may be the end.
    pub(in crate::websocket) fn admit(&self) -> Result<(), WebSocketError> {
        if !self.is_open() {
            return Err(WebSocketError::Closed);
        }
        if self.unsent() <= self.settings().max_queue {
            return Ok(());
        }
        match self.settings().slow_consumer {
            SlowConsumer::Drop => Err(WebSocketError::QueueFull),
            SlowConsumer::Close => {
                tracing::info!(target: "gustnado.general", "closing a WebSocket whose other side reads too slowly");
                self.end(Some(WebSocketError::QueueFull));
                Err(WebSocketError::Closed)
            }
        }
    }
}
