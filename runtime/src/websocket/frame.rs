//! Frames: how they begin, and what control frames say. RFC 6455 §5.

use super::mask::mask;
use super::violation::Violation;
use bytes::Bytes;
use tungstenite::Utf8Bytes;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// The longest payload of a control frame. §5.5
pub(super) const CONTROL: usize = 125;

/// The longest head: two bytes, eight for the length, four for the mask.
pub(super) const HEAD: usize = 14;

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const MASK: u8 = 0x80;

/// How a frame begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) is_final: bool,
    /// The first reserved bit: a compressed message begins. RFC 7692 §6
    pub(super) is_compressed: bool,
    pub(super) opcode: OpCode,
    /// Of a server's frame, which has none: zeros, which change nothing.
    pub(super) mask: [u8; 4],
    /// How many bytes the head has, and how many follow it.
    pub(super) size: usize,
    pub(super) length: u64,
}

impl Head {
    /// Reads the head at the beginning of `bytes`, if all of it is there. What breaks a rule is found as early as it can be.
    pub(super) fn parse(
        bytes: &[u8],
        masked: bool,
        compresses: bool,
    ) -> Result<Option<Self>, Violation> {
        let Some(&[first, second]) = bytes.first_chunk() else {
            return match bytes.first() {
                Some(first) => checked(*first, compresses).map(|_| None),
                None => Ok(None),
            };
        };
        let opcode = checked(first, compresses)?;
        if (second & MASK != 0) != masked {
            return Err(if masked { Violation::Unmasked } else { Violation::Masked });
        }
        let short = second & !MASK;
        let is_control = matches!(opcode, OpCode::Control(_));
        if is_control && usize::from(short) > CONTROL {
            return Err(Violation::LongControl);
        }
        let rest = &bytes[2..];
        let (extra, length) = match short {
            126 => match rest.first_chunk() {
                Some(length) => (2, u64::from(u16::from_be_bytes(*length))),
                None => return Ok(None),
            },
            127 => match rest.first_chunk() {
                Some(length) => (8, u64::from_be_bytes(*length)),
                None => return Ok(None),
            },
            length => (0, u64::from(length)),
        };
        let is_shortest = match short {
            126 => length > 125,
            127 => length > 0xffff && length <= i64::MAX as u64,
            _ => true,
        };
        if !is_shortest {
            return Err(Violation::Length);
        }
        let mut head = Self {
            is_final: first & FIN != 0,
            is_compressed: first & RSV1 != 0,
            opcode,
            mask: [0; 4],
            size: 2 + extra,
            length,
        };
        if masked {
            let Some(key) = rest[extra..].first_chunk() else { return Ok(None) };
            head.mask = *key;
            head.size += 4;
        }
        Ok(Some(head))
    }
}

/// What the first byte of a frame says.
fn checked(first: u8, compresses: bool) -> Result<OpCode, Violation> {
    let opcode = OpCode::from(first & 0x0f);
    let compressible = matches!(opcode, OpCode::Data(Data::Text | Data::Binary));
    let allowed = if compresses && compressible { RSV1 } else { 0 };
    if first & 0x70 & !allowed != 0 {
        return Err(Violation::ReservedBits);
    }
    match opcode {
        OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => {
            Err(Violation::ReservedOpcode)
        }
        OpCode::Control(_) if first & FIN == 0 => Err(Violation::FragmentedControl),
        opcode => Ok(opcode),
    }
}

/// A frame that is to be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outgoing<'a> {
    pub(super) opcode: OpCode,
    pub(super) is_final: bool,
    pub(super) is_compressed: bool,
    pub(super) payload: &'a [u8],
}

impl<'a> Outgoing<'a> {
    /// A message of one frame, or a control frame.
    pub(super) fn whole(opcode: OpCode, payload: &'a [u8]) -> Self {
        Self { opcode, is_final: true, is_compressed: false, payload }
    }

    /// Appends the frame, with the mask that a client's must have.
    pub(super) fn write(&self, key: Option<[u8; 4]>, out: &mut Vec<u8>) {
        self.write_head(key, out);
        let begin = out.len();
        out.extend_from_slice(self.payload);
        if let Some(key) = key {
            mask(&mut out[begin..], key, 0);
        }
    }

    /// Appends everything but the payload.
    pub(super) fn write_head(&self, key: Option<[u8; 4]>, out: &mut Vec<u8>) {
        out.reserve(HEAD + self.payload.len());
        let flag = |is_set, bit| if is_set { bit } else { 0 };
        let first =
            u8::from(self.opcode) | flag(self.is_final, FIN) | flag(self.is_compressed, RSV1);
        let masked = flag(key.is_some(), MASK);
        match self.payload.len() {
            length @ ..126 => out.extend_from_slice(&[first, masked | length as u8]),
            length @ ..0x1_0000 => {
                out.extend_from_slice(&[first, masked | 126]);
                out.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                out.extend_from_slice(&[first, masked | 127]);
                out.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        if let Some(key) = key {
            out.extend_from_slice(&key);
        }
    }
}

/// What a close frame says: nothing, or a code and a reason. §5.5.1
pub(super) fn parse_close(payload: Bytes) -> Result<Option<CloseFrame>, Violation> {
    let Some((code, _)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(Violation::CloseCode) };
    };
    let code = CloseCode::from(u16::from_be_bytes(*code));
    if !code.is_allowed() {
        return Err(Violation::CloseCode);
    }
    let reason = Utf8Bytes::try_from(payload.slice(2..)).map_err(|_| Violation::CloseReason)?;
    Ok(Some(CloseFrame { code, reason }))
}

/// The payload of a close frame. A reason that is too long is cut, between two characters.
pub(super) fn close_payload(frame: Option<&CloseFrame>) -> Vec<u8> {
    let Some(CloseFrame { code, reason }) = frame else { return Vec::new() };
    let mut end = reason.len().min(CONTROL - 2);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    [&u16::from(*code).to_be_bytes()[..], &reason.as_bytes()[..end]].concat()
}
