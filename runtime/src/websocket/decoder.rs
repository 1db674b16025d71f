//! Messages out of frames: RFC 6455 §5.4 to §5.6.
//!
//! Works on bytes in memory, in pieces of any size; it is told what has arrived and says what that was.

use super::deflate::{Deflate, Inflating, TAIL};
use super::frame::{Head, parse_close};
use super::mask::mask;
use super::message::{Kind, Message};
use super::utf8::{NotUtf8, Utf8};
use super::violation::Violation;
use bytes::Bytes;
use tungstenite::Utf8Bytes;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// What the other side must keep to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'a> {
    /// Whether its frames must be masked; if not, they must not be.
    pub(super) masked: bool,
    /// The longest message, as it comes over the wire and as it is decompressed.
    pub(super) max_size: usize,
    /// If messages may be compressed.
    pub(super) deflate: Option<&'a Deflate>,
    /// Whether messages are wanted piece by piece.
    pub(super) streamed: bool,
}

/// What has arrived.
#[derive(Debug)]
pub(super) enum Event {
    Message(Message),
    /// Some of a message; whether that was its end.
    Piece(Kind, Bytes, bool),
    Ping(Bytes),
    Pong,
    Close(Option<CloseFrame>),
}

/// What is known of a message that has not arrived whole. Between messages it is a null pointer.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    open: Option<Box<Open>>,
}

/// A message that has begun.
#[derive(Debug)]
struct Open {
    kind: Kind,
    inflating: Option<Inflating>,
    /// Its payload as far as it is known and was not handed out; behind `end` there is room for more.
    payload: Vec<u8>,
    end: usize,
    /// How much has been announced by its frames.
    announced: u64,
    /// How long it is, as far as it is decompressed.
    size: u64,
    text: Utf8,
    /// The rest of the frame that is arriving.
    rest: Option<Rest>,
    /// Whether some of it was handed out. Nobody may want the others.
    is_begun: bool,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    left: u64,
    mask: [u8; 4],
    /// Where in the payload it begins.
    offset: u64,
    is_final: bool,
}

/// So much room is made for a payload without having seen as much of it.
const TRUST: usize = 64 * 1024;

/// A read that is shorter than this is not worth a place of its own.
const WORTHWHILE: u64 = 4096;

/// So much is decompressed at a time: it is at most a thousand times as long when it comes out.
const INFLATED_AT_ONCE: usize = 1024;

impl Decoder {
    /// Looks at `input` until something has arrived; how much of it is done with, and what that was. `None`: more is needed.
    #[inline]
    pub(super) fn decode(
        &mut self,
        input: &[u8],
        rules: &Rules<'_>,
    ) -> (usize, Result<Option<Event>, Violation>) {
        let mut at = 0;
        let result = self.decode_at(input, &mut at, rules);
        (at, result)
    }

    fn decode_at(
        &mut self,
        input: &[u8],
        at: &mut usize,
        rules: &Rules<'_>,
    ) -> Result<Option<Event>, Violation> {
        loop {
            let arrived = &input[*at..];
            if let Some(open) = &mut self.open
                && open.rest.is_some()
            {
                if arrived.is_empty() {
                    return Ok(None);
                }
                let (count, event) = open.continue_with(arrived, rules)?;
                *at += count;
                match self.close_if_ended(event) {
                    Some(event) => return Ok(Some(event)),
                    None => continue,
                }
            }
            let Some(head) = Head::parse(arrived, rules.masked, rules.deflate.is_some())? else {
                return Ok(None);
            };
            let available = (arrived.len() - head.size) as u64;
            let data = match head.opcode {
                OpCode::Control(control) => {
                    if available < head.length {
                        return Ok(None);
                    }
                    let payload = unmasked(arrived, &head);
                    *at += head.size + payload.len();
                    return control_event(control, payload.into()).map(Some);
                }
                OpCode::Data(data) => data,
            };
            let kind = match (data, &self.open) {
                (Data::Text, None) => Kind::Text,
                (Data::Binary, None) => Kind::Binary,
                (Data::Continue, Some(open)) => open.kind,
                (Data::Continue, None) => return Err(Violation::StrayContinuation),
                _ => return Err(Violation::InterleavedMessage),
            };
            // What most messages are: one frame that has arrived.
            if self.open.is_none()
                && head.is_final
                && !head.is_compressed
                && available >= head.length
            {
                if head.length > rules.max_size as u64 && !rules.streamed {
                    return Err(Violation::TooBig);
                }
                let payload = unmasked(arrived, &head);
                *at += head.size + payload.len();
                return message(kind, payload).map(|message| Some(Event::Message(message)));
            }
            let open = self.open.get_or_insert_with(|| Box::new(Open::new(kind)));
            if head.is_compressed {
                open.inflating = rules.deflate.map(Deflate::begin);
            }
            open.begin(&head, rules)?;
            *at += head.size;
            if head.length == 0 {
                let (_, event) = open.continue_with(&[], rules)?;
                if let Some(event) = self.close_if_ended(event) {
                    return Ok(Some(event));
                }
            }
        }
    }

    /// Lets a read put what arrives next right where it belongs, if that is worth it; `None` if not.
    pub(super) fn fill<E>(
        &mut self,
        rules: &Rules<'_>,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Option<Result<Filled, E>> {
        let open = self.open.as_mut()?;
        let rest = open.rest.as_mut().filter(|rest| rest.left >= WORTHWHILE)?;
        if open.inflating.is_some() || rules.streamed {
            return None;
        }
        let left = usize::try_from(rest.left).unwrap_or(usize::MAX);
        let room = open.payload.len() - open.end;
        if room < left && (room as u64) < WORTHWHILE {
            // As much again as there is, so that however small the pieces are, each byte is moved a few times at most.
            let size = open.end + left.min(open.end.max(TRUST));
            open.payload.reserve_exact(size - open.payload.len());
            open.payload.resize(size, 0);
        }
        let end = open.payload.len().min(open.end.saturating_add(left));
        let space = &mut open.payload[open.end..end];
        let count = match read(space) {
            Ok(count) => count,
            Err(error) => return Some(Err(error)),
        };
        mask(&mut space[..count], rest.mask, rest.offset);
        rest.offset += count as u64;
        rest.left -= count as u64;
        let checked = open.check(open.end, open.end + count);
        open.end += count;
        open.size += count as u64;
        let finished = checked.and_then(|()| open.finish_frame(rules));
        Some(Ok(Filled { count, event: finished.map(|event| self.close_if_ended(event)) }))
    }

    fn close_if_ended(&mut self, event: Option<Event>) -> Option<Event> {
        if matches!(event, Some(Event::Message(_) | Event::Piece(_, _, true))) {
            self.open = None;
        }
        event
    }
}

/// What a read has found.
pub(super) struct Filled {
    /// How many bytes.
    pub(super) count: usize,
    pub(super) event: Result<Option<Event>, Violation>,
}

impl Open {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            inflating: None,
            payload: Vec::new(),
            end: 0,
            announced: 0,
            size: 0,
            text: Utf8::default(),
            rest: None,
            is_begun: false,
        }
    }

    /// A frame of the message begins.
    fn begin(&mut self, head: &Head, rules: &Rules<'_>) -> Result<(), Violation> {
        self.announced = self.announced.saturating_add(head.length);
        // Refused before anything of it is read, as in Tornado. What is wanted in pieces may be as long as it likes.
        if self.announced > rules.max_size as u64 && !(rules.streamed || self.is_begun) {
            return Err(Violation::TooBig);
        }
        let Head { mask, length, is_final, .. } = *head;
        self.rest = Some(Rest { left: length, mask, offset: 0, is_final });
        Ok(())
    }

    /// Takes what has arrived of a frame; how much that was, and what is complete with it.
    fn continue_with(
        &mut self,
        arrived: &[u8],
        rules: &Rules<'_>,
    ) -> Result<(usize, Option<Event>), Violation> {
        let Some(rest) = &mut self.rest else { return Ok((0, None)) };
        let mut count = usize::try_from(rest.left).unwrap_or(usize::MAX).min(arrived.len());
        if self.inflating.is_some() {
            count = count.min(INFLATED_AT_ONCE);
        }
        let Rest { mask: key, offset, .. } = *rest;
        rest.offset += count as u64;
        rest.left -= count as u64;
        let before = self.end;
        let left = self.left(rules);
        // What was room is not payload.
        self.payload.truncate(self.end);
        match &mut self.inflating {
            None => {
                self.payload.extend_from_slice(&arrived[..count]);
                mask(&mut self.payload[before..], key, offset);
            }
            Some(inflating) => {
                let mut bytes = arrived[..count].to_vec();
                mask(&mut bytes, key, offset);
                inflating.push(&bytes, &mut self.payload, left)?;
            }
        }
        self.arrived(before)?;
        Ok((count, self.finish_frame(rules)?))
    }

    /// How much more may be decompressed.
    fn left(&self, rules: &Rules<'_>) -> usize {
        if rules.streamed || self.is_begun {
            return usize::MAX;
        }
        rules.max_size.saturating_sub(usize::try_from(self.size).unwrap_or(usize::MAX))
    }

    /// The payload has grown from `before` on.
    fn arrived(&mut self, before: usize) -> Result<(), Violation> {
        self.end = self.payload.len();
        self.size += (self.end - before) as u64;
        self.check(before, self.end)
    }

    fn check(&mut self, from: usize, to: usize) -> Result<(), Violation> {
        if self.kind == Kind::Text {
            self.text.push(&self.payload[from..to])?;
        }
        Ok(())
    }

    /// What is complete, if the frame has ended; or what there is, if pieces are wanted.
    fn finish_frame(&mut self, rules: &Rules<'_>) -> Result<Option<Event>, Violation> {
        let mut is_last = false;
        if let Some(rest) = self.rest.filter(|rest| rest.left == 0) {
            self.rest = None;
            is_last = rest.is_final;
        }
        if is_last {
            if let (Some(mut inflating), Some(deflate)) = (self.inflating.take(), rules.deflate) {
                let (before, left) = (self.end, self.left(rules));
                inflating.push(TAIL, &mut self.payload, left)?;
                deflate.end(inflating);
                self.arrived(before)?;
            }
            self.text.finish()?;
        }
        if rules.streamed || self.is_begun {
            if self.end == 0 && !is_last {
                return Ok(None);
            }
            self.is_begun = true;
            return Ok(Some(Event::Piece(self.kind, self.take().into(), is_last)));
        }
        if !is_last {
            return Ok(None);
        }
        let payload = self.take();
        message(self.kind, payload).map(|message| Some(Event::Message(message)))
    }

    fn take(&mut self) -> Vec<u8> {
        let mut payload = std::mem::take(&mut self.payload);
        payload.truncate(self.end);
        self.end = 0;
        payload
    }
}

/// The payload of a frame that has arrived.
fn unmasked(arrived: &[u8], head: &Head) -> Vec<u8> {
    let mut payload = arrived[head.size..head.size + head.length as usize].to_vec();
    mask(&mut payload, head.mask, 0);
    payload
}

fn message(kind: Kind, payload: Vec<u8>) -> Result<Message, Violation> {
    let bytes = Bytes::from(payload);
    match kind {
        Kind::Binary => Ok(Message::Binary(bytes)),
        Kind::Text => match Utf8Bytes::try_from(bytes) {
            Ok(text) => Ok(Message::Text(text)),
            Err(_) => Err(Violation::NotUtf8),
        },
    }
}

fn control_event(control: Control, payload: Bytes) -> Result<Event, Violation> {
    match control {
        Control::Ping => Ok(Event::Ping(payload)),
        Control::Pong => Ok(Event::Pong),
        Control::Close => parse_close(payload).map(Event::Close),
        Control::Reserved(_) => Err(Violation::ReservedOpcode),
    }
}

impl From<NotUtf8> for Violation {
    fn from(_: NotUtf8) -> Self {
        Self::NotUtf8
    }
}

#[cfg(test)]
mod tests;
