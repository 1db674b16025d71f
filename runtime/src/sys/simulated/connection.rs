//! A connection: its two ends, and the wires between them.
//!
//! What happens at an end is decided here; when it happens, by the [network](super::Network), which carries the packets.

use super::super::Readiness;
use bytes::{Buf, Bytes, BytesMut};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;

/// A connection, from its first packet until both of its ends are closed.
pub(super) struct Connection {
    /// The client's address, and that of the server.
    pub(super) addresses: [SocketAddr; 2],
    pub(super) ends: [End; 2],
}

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Client,
    Server,
}

impl Side {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// One end: what a socket knows.
pub(super) struct End {
    pub(super) life: Life,
    /// What has arrived and was not read yet; no piece is empty.
    received: VecDeque<Bytes>,
    /// The other side will send nothing more.
    ended: bool,
    /// Nothing more may be written.
    shut: bool,
    /// Told once, by the next operation.
    error: Option<ErrorKind>,
    /// How many bytes may be written before the other side has to read.
    room: usize,
    /// Whether a write has found too little room.
    starved: bool,
    /// The way to the other end.
    pub(super) wire: Wire,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// The server has not heard of it yet.
    Unborn,
    Connecting,
    Connected,
    /// Refused, reset, or timed out.
    Broken,
    /// The program has closed it.
    Closed,
}

/// Packets on their way, which arrive in their order.
#[derive(Default)]
pub(super) struct Wire {
    pub(super) packets: VecDeque<(u64, Packet)>,
    /// When the last one arrives.
    pub(super) last: u64,
    /// Since when nothing has come through, if the link is cut.
    pub(super) held: Option<u64>,
    /// Since when its sender has missed an answer to something that is held.
    pub(super) missed: Option<u64>,
}

pub(super) enum Packet {
    /// Asks for a connection; how often before.
    Syn(u32),
    /// Accepts one.
    SynAck,
    Data(Bytes),
    /// Nothing more will come.
    Fin,
    /// Nothing more will come, or be heard.
    Reset,
    /// So many bytes were read.
    Room(usize),
}

/// What has to be done after an operation at an end.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Reply {
    #[default]
    Nothing,
    /// Look whether the loop has to be told.
    Look,
    /// Tell the other side that this one is not there.
    Reset,
}

impl Connection {
    pub(super) fn new(client: SocketAddr, server: SocketAddr, rooms: [usize; 2]) -> Self {
        let [client_room, server_room] = rooms;
        let ends = [End::new(Life::Connecting, client_room), End::new(Life::Unborn, server_room)];
        Self { addresses: [client, server], ends }
    }

    pub(super) fn end(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }

    pub(super) fn address(&self, side: Side) -> SocketAddr {
        self.addresses[side as usize]
    }

    /// Whether nobody has anything of it any more.
    pub(super) fn is_over(&self) -> bool {
        self.ends.iter().all(|end| matches!(end.life, Life::Closed | Life::Unborn))
    }
}

impl End {
    fn new(life: Life, room: usize) -> Self {
        Self {
            life,
            received: VecDeque::new(),
            ended: false,
            shut: false,
            error: None,
            room,
            starved: false,
            wire: Wire::default(),
        }
    }

    /// What it is ready for now, as the system would report it.
    pub(super) fn readiness(&self) -> Readiness {
        let states = match self.life {
            Life::Unborn | Life::Connecting | Life::Closed => return Readiness::default(),
            Life::Broken => [true; 4],
            Life::Connected => [
                !self.received.is_empty() || self.ended,
                self.room > 0 || self.shut,
                self.ended,
                self.ended && self.shut,
            ],
        };
        let kinds = [Readiness::READ, Readiness::WRITE, Readiness::READ_CLOSED, Readiness::ERROR];
        states
            .into_iter()
            .zip(kinds)
            .filter(|(is, _)| *is)
            .fold(Readiness::default(), |readiness, (_, kind)| readiness.union(kind))
    }

    /// Copies what was received.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        if !self.received.is_empty() {
            return Ok(self.take_received(into));
        }
        match self.life {
            Life::Broken => self.error.take().map_or(Ok(0), |error| Err(error.into())),
            Life::Connected if self.ended => Ok(0),
            Life::Connected | Life::Connecting => Err(ErrorKind::WouldBlock.into()),
            Life::Unborn | Life::Closed => Err(ErrorKind::NotConnected.into()),
        }
    }

    fn take_received(&mut self, into: &mut [u8]) -> usize {
        let mut taken = 0;
        while let Some(piece) = self.received.front_mut() {
            let count = piece.len().min(into.len() - taken);
            piece.copy_to_slice(&mut into[taken..taken + count]);
            taken += count;
            if !piece.is_empty() {
                break;
            }
            self.received.pop_front();
        }
        taken
    }

    /// How many of `count` bytes may be written now.
    pub(super) fn may_write(&mut self, count: usize) -> io::Result<usize> {
        match self.life {
            Life::Broken => Err(self.error.take().unwrap_or(ErrorKind::BrokenPipe).into()),
            Life::Connected if self.shut => Err(ErrorKind::BrokenPipe.into()),
            Life::Connected if self.room > 0 || count == 0 => Ok(count.min(self.room)),
            Life::Connected | Life::Connecting => {
                self.starved = true;
                Err(ErrorKind::WouldBlock.into())
            }
            Life::Unborn | Life::Closed => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// Takes the first `count` bytes of `pieces`, of which there are `whole`, to be sent.
    pub(super) fn write(&mut self, pieces: &[IoSlice<'_>], count: usize, whole: usize) -> Bytes {
        self.room -= count;
        self.starved |= count < whole;
        let mut bytes = BytesMut::with_capacity(count);
        for piece in pieces {
            let left = count - bytes.len();
            bytes.extend_from_slice(&piece[..left.min(piece.len())]);
        }
        bytes.freeze()
    }

    /// Whether a write could go on, although one has come back short.
    pub(super) fn has_room(&self) -> bool {
        self.room > 0
    }

    /// Whether it has more to say than the other side has room for.
    pub(super) fn is_starved(&self) -> bool {
        self.starved && self.life == Life::Connected
    }

    /// Nothing more will be written; says whether that has to be told.
    pub(super) fn shutdown(&mut self) -> io::Result<bool> {
        match self.life {
            Life::Connected => Ok(!std::mem::replace(&mut self.shut, true)),
            _ => Err(ErrorKind::NotConnected.into()),
        }
    }

    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take().map(io::Error::from)
    }

    /// The program closes it; says how the other side is told, if at all.
    pub(super) fn close(&mut self) -> Option<Packet> {
        let farewell = match self.life {
            Life::Unborn | Life::Broken | Life::Closed => None,
            // What nobody has read is lost, and who sent it has to know.
            Life::Connecting => Some(Packet::Reset),
            Life::Connected if !self.received.is_empty() => Some(Packet::Reset),
            Life::Connected => (!self.shut).then_some(Packet::Fin),
        };
        self.life = Life::Closed;
        self.received = VecDeque::new();
        farewell
    }

    /// It cannot go on.
    pub(super) fn fail(&mut self, error: ErrorKind) -> Reply {
        if !matches!(self.life, Life::Connecting | Life::Connected) {
            return Reply::Nothing;
        }
        self.life = Life::Broken;
        self.error = Some(error);
        self.wire.packets.clear();
        Reply::Look
    }

    /// Forgets what has arrived, as some systems do when a connection is reset.
    pub(super) fn forget_received(&mut self) {
        self.received.clear();
    }

    /// Something has arrived.
    pub(super) fn hear(&mut self, packet: Packet) -> Reply {
        match (packet, self.life) {
            (Packet::SynAck, Life::Connecting) => self.life = Life::Connected,
            (Packet::Data(bytes), Life::Connected) if !bytes.is_empty() => {
                self.received.push_back(bytes);
            }
            (Packet::Data(_), Life::Closed | Life::Broken) => return Reply::Reset,
            (Packet::Fin, Life::Connected) => self.ended = true,
            (Packet::Reset, Life::Connecting) => return self.fail(ErrorKind::ConnectionRefused),
            (Packet::Reset, _) => return self.fail(ErrorKind::ConnectionReset),
            (Packet::Room(count), _) => {
                self.room += count;
                if !std::mem::take(&mut self.starved) {
                    return Reply::Nothing;
                }
            }
            _ => return Reply::Nothing,
        }
        Reply::Look
    }
}

impl Wire {
    /// Whether it is the way of a connection that has only been asked for.
    pub(super) fn is_first(&self) -> bool {
        matches!(self.packets.front(), Some((_, Packet::Syn(_))))
    }
}

impl Packet {
    /// Whether its sender notices when it does not arrive.
    pub(super) fn is_confirmed(&self) -> bool {
        !matches!(self, Self::Room(_) | Self::Reset)
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syn(0) => f.write_str("SYN"),
            Self::Syn(tries) => write!(f, "SYN again ({tries})"),
            Self::SynAck => f.write_str("SYN ACK"),
            Self::Data(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Fin => f.write_str("FIN"),
            Self::Reset => f.write_str("RST"),
            Self::Room(count) => write!(f, "ACK of {count} bytes"),
        }
    }
}
