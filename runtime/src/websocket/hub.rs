//! One message for many.

use super::connection::WebSocketSender;
use super::deflate::Style;
use super::error::WebSocketError;
use super::frame::Outgoing;
use super::message::Message;
use crate::ioloop::{Key, Slab};
use bytes::Bytes;
use serde::Serialize;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

/// Rooms of WebSockets; what is sent to a room is sent to all that are in it.
///
/// A message is framed and compressed once, however many receive it. Nobody waits for anybody: a connection whose other side does not
/// read as fast as messages come is [closed, or misses some](super::WebSocketSettings::slow_consumer). All that a connection is sent in
/// one turn of the loop leaves with one write.
///
/// It is a handle, cheap to clone, for the connections of one loop. Messages reach other loops, processes and machines through
/// a [`Relay`].
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::websocket::Hub;
///
/// #[route("/chat/{room}")]
/// async fn chat(room: String, mut socket: WebSocket, hub: &Hub) -> Result<()> {
///     let _member = hub.join(&room, &socket); // until it is dropped
///     while let Some(message) = socket.recv().await? {
///         hub.send(&room, message);
///     }
///     Ok(())
/// }
///
/// # fn main() -> Result<()> {
/// Application::new(routes![chat]).provide(Hub::new()).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Hub {
    shared: Rc<Shared>,
}

/// How messages get from one [`Hub`] to all that they concern: this one, those of other loops, or those of other machines.
///
/// ```
/// use gustnado::websocket::{Delivery, Hub, Message, Relay};
/// use std::cell::OnceCell;
/// use std::collections::VecDeque;
///
/// /// Says everything twice.
/// #[derive(Default)]
/// struct Echo(OnceCell<Delivery>);
///
/// impl Relay for Echo {
///     fn start(&self, delivery: Delivery) {
///         self.0.set(delivery).ok();
///     }
///
///     fn send(&self, room: &str, message: Message) {
///         for _ in 0..2 {
///             self.0.get().unwrap().deliver(room, &message);
///         }
///     }
/// }
///
/// let hub = Hub::with_relay(Echo::default());
/// ```
pub trait Relay {
    /// The hub begins. What arrives for its rooms is to be given to `delivery`, on its loop.
    fn start(&self, delivery: Delivery);

    /// Brings a message to everybody in `room`, wherever they are; also to those of this hub.
    fn send(&self, room: &str, message: Message);

    /// The room has its first member in this hub: what is sent to it is wanted here from now on.
    fn open(&self, room: &str) {
        let _ = room;
    }

    /// The room's last member in this hub has left.
    fn close(&self, room: &str) {
        let _ = room;
    }
}

/// Where a [`Relay`] delivers what has arrived.
#[derive(Clone)]
pub struct Delivery {
    rooms: std::rc::Weak<Rooms>,
}

/// Somebody in a room of a [`Hub`], who leaves it when this is dropped.
#[must_use = "who drops it leaves the room"]
pub struct Membership {
    shared: Rc<Shared>,
    room: Rc<str>,
    place: Key,
}

struct Shared {
    rooms: Rc<Rooms>,
    /// None if there is nobody but us.
    relay: Option<Box<dyn Relay>>,
}

type Rooms = RefCell<HashMap<Rc<str>, Slab<WebSocketSender>>>;

impl Hub {
    /// A hub for the connections of this loop alone.
    pub fn new() -> Self {
        Self { shared: Rc::new(Shared { rooms: Rc::default(), relay: None }) }
    }

    /// A hub whose messages go through `relay`.
    pub fn with_relay(relay: impl Relay + 'static) -> Self {
        let rooms = Rc::<Rooms>::default();
        relay.start(Delivery { rooms: Rc::downgrade(&rooms) });
        Self { shared: Rc::new(Shared { rooms, relay: Some(Box::new(relay)) }) }
    }

    /// Lets a connection hear what is said in `room`. It may be in many rooms; who joins one twice hears everything twice.
    pub fn join(&self, room: &str, member: &WebSocketSender) -> Membership {
        let mut rooms = self.shared.rooms.borrow_mut();
        let known = rooms.get_key_value(room).map(|(name, _)| name.clone());
        let is_new = known.is_none();
        let room = known.unwrap_or_else(|| room.into());
        let members = rooms.entry(room.clone()).or_insert_with(Slab::new);
        let place = members.insert(member.clone());
        drop(rooms);
        if is_new && let Some(relay) = &self.shared.relay {
            relay.open(&room);
        }
        Membership { shared: self.shared.clone(), room, place }
    }

    /// Sends a message to everybody in `room`. It is on its way when this returns.
    pub fn send(&self, room: &str, message: impl Into<Message>) {
        match &self.shared.relay {
            Some(relay) => relay.send(room, message.into()),
            None => deliver(&self.shared.rooms, room, &message.into()),
        }
    }

    /// Sends a value as JSON, in a text message, to everybody in `room`.
    ///
    /// # Errors
    ///
    /// [`WebSocketError::Json`] of a value that JSON has no way to write.
    pub fn send_json(
        &self,
        room: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), WebSocketError> {
        self.send(room, Message::from_json(value)?);
        Ok(())
    }

    /// How many members `room` has in this hub.
    pub fn members(&self, room: &str) -> usize {
        self.shared.rooms.borrow().get(room).map_or(0, Slab::len)
    }

    /// The rooms that have members in this hub, in any order.
    pub fn rooms(&self) -> Vec<Rc<str>> {
        self.shared.rooms.borrow().keys().cloned().collect()
    }
}

impl Delivery {
    /// Sends a message to those who are in `room` of this hub.
    pub fn deliver(&self, room: &str, message: &Message) {
        if let Some(rooms) = self.rooms.upgrade() {
            deliver(&rooms, room, message);
        }
    }
}

fn deliver(rooms: &Rooms, room: &str, message: &Message) {
    let rooms = rooms.borrow();
    let Some(members) = rooms.get(room) else { return };
    let mut frames = Frames { message, plain: None, compressed: Vec::new() };
    for member in members.values() {
        frames.send(member);
    }
}

/// The forms in which a message is sent, each made when somebody needs it.
struct Frames<'a> {
    message: &'a Message,
    plain: Option<Bytes>,
    /// `None` where compressing it is not worth it.
    compressed: Vec<(Style, Option<Bytes>)>,
}

impl Frames<'_> {
    fn send(&mut self, member: &WebSocketSender) {
        let socket = &member.socket;
        // Who is closed leaves soon, and who is too slow was told so.
        if socket.admit().is_err() {
            return;
        }
        if socket.agreement().is_client {
            // Each of its frames has a mask of its own.
            let _ = socket.send(self.message.clone());
            return;
        }
        if let Some(deflate) = socket.deflate()
            && deflate.is_worthwhile(self.message.as_bytes())
            && let Some(frame) = self.compressed(deflate.style())
        {
            socket.share(&frame);
            deflate.forget();
            return;
        }
        let plain =
            self.plain.get_or_insert_with(|| frame(self.message, self.message.as_bytes(), false));
        socket.share(plain);
    }

    fn compressed(&mut self, style: Style) -> Option<Bytes> {
        if let Some((_, known)) = self.compressed.iter().find(|(each, _)| *each == style) {
            return known.clone();
        }
        let payload = style.compress(self.message.as_bytes());
        let made = payload.map(|payload| frame(self.message, &payload, true));
        self.compressed.push((style, made.clone()));
        made
    }
}

fn frame(message: &Message, payload: &[u8], is_compressed: bool) -> Bytes {
    let mut out = Vec::new();
    let frame = Outgoing { opcode: message.opcode(), is_final: true, is_compressed, payload };
    frame.write(None, &mut out);
    out.into()
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut rooms = self.shared.rooms.borrow_mut();
        let Some(members) = rooms.get_mut(&self.room) else { return };
        let member = members.remove(self.place);
        let is_empty = members.len() == 0;
        if is_empty {
            rooms.remove(&self.room);
        }
        drop(rooms);
        drop(member);
        if is_empty && let Some(relay) = &self.shared.relay {
            relay.close(&self.room);
        }
    }
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("rooms", &self.rooms()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership").field("room", &self.room).finish_non_exhaustive()
    }
}
