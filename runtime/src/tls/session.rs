//! One side of a connection: makes records of bytes, and bytes of records. Others carry them.

use super::TLSError;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, UnbufferedStatus, WriteTraffic,
};
use rustls::{ClientConfig, CommonState, Error, ServerConfig};
use std::sync::Arc;

/// One side of a connection. It has no buffers: those are its user's.
pub(crate) enum Session {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

/// What a session is to do, once it can.
#[derive(Clone, Copy)]
pub(crate) enum Task<'a> {
    Nothing,
    Encrypt(&'a [u8]),
    /// Say farewell (`close_notify`).
    Leave,
}

/// How far a session has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It has decrypted something. There may be more.
    Received,
    /// It needs more records to go on.
    Blocked,
    /// The other side has said farewell. It says so once.
    Ended,
    /// It has digested everything, and its task is done.
    Done,
}

/// Records are put behind each other in here.
type Outgoing = Vec<u8>;

impl Session {
    pub(super) fn client(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        alpn: Vec<Vec<u8>>,
    ) -> Result<Self, Error> {
        UnbufferedClientConnection::new_with_alpn(config, name, alpn).map(Self::Client)
    }

    pub(super) fn server(config: Arc<ServerConfig>) -> Result<Self, Error> {
        UnbufferedServerConnection::new(config).map(Self::Server)
    }

    pub(crate) fn is_server(&self) -> bool {
        matches!(self, Self::Server(_))
    }

    /// What both sides have agreed on.
    pub(crate) fn state(&self) -> &CommonState {
        match self {
            Self::Client(connection) => connection,
            Self::Server(connection) => connection,
        }
    }

    /// Digests records, as long as nothing comes out for `received`; then does its task. Returns how many bytes at the beginning of
    /// `incoming` are not needed any more, also when it fails. What it has to say is put into `outgoing`.
    pub(crate) fn advance(
        &mut self,
        incoming: &mut [u8],
        outgoing: &mut Outgoing,
        task: Task<'_>,
        received: &mut dyn FnMut(&[u8]),
    ) -> (usize, Result<Progress, TLSError>) {
        let mut consumed = 0;
        loop {
            let rest = &mut incoming[consumed..];
            let (discard, step) = match self {
                Self::Client(connection) => {
                    step(connection.process_tls_records(rest), outgoing, task, received)
                }
                Self::Server(connection) => {
                    step(connection.process_tls_records(rest), outgoing, task, received)
                }
            };
            consumed += discard;
            match step {
                Ok(None) => {}
                Ok(Some(progress)) => return (consumed, Ok(progress)),
                Err(error) => return (consumed, Err(error.into())),
            }
        }
    }

    /// After a failure, puts what tells the other side of it into `outgoing`.
    pub(crate) fn complain(&mut self, outgoing: &mut Outgoing) {
        let nothing = &mut |_: &[u8]| {};
        // Only as long as there is something: else it would look once more at what it has failed with.
        while self.state().wants_write() {
            let said = match self {
                Self::Client(connection) => {
                    step(connection.process_tls_records(&mut []), outgoing, Task::Nothing, nothing)
                }
                Self::Server(connection) => {
                    step(connection.process_tls_records(&mut []), outgoing, Task::Nothing, nothing)
                }
            };
            if said.1.is_err() {
                return;
            }
        }
    }
}

/// Deals with one state of a connection; says how many bytes are not needed any more, and how far it has got, if that is of interest.
fn step<D>(
    status: UnbufferedStatus<'_, '_, D>,
    outgoing: &mut Outgoing,
    task: Task<'_>,
    received: &mut dyn FnMut(&[u8]),
) -> (usize, Result<Option<Progress>, Error>) {
    let UnbufferedStatus { mut discard, state } = status;
    let progress = match state {
        Ok(ConnectionState::ReadTraffic(mut traffic)) => loop {
            match traffic.next_record() {
                Some(Ok(record)) => {
                    discard += record.discard;
                    received(record.payload);
                }
                Some(Err(error)) => break Err(error),
                None => break Ok(Some(Progress::Received)),
            }
        },
        Ok(ConnectionState::EncodeTlsData(mut data)) => append(outgoing, 0, |room| {
            data.encode(room).map_err(|error| match error {
                EncodeError::InsufficientSize(size) => Short::Size(size.required_size),
                EncodeError::AlreadyEncoded => Short::Never,
            })
        })
        .map(|()| None),
        Ok(ConnectionState::TransmitTlsData(data)) => {
            // It is in `outgoing`, which is sent in order.
            data.done();
            Ok(None)
        }
        Ok(ConnectionState::WriteTraffic(mut traffic)) => {
            perform(&mut traffic, outgoing, task).map(|()| Some(Progress::Done))
        }
        Ok(ConnectionState::PeerClosed) => Ok(Some(Progress::Ended)),
        // It waits, or both sides have left. Early data is not offered.
        Ok(_) => Ok(Some(Progress::Blocked)),
        Err(error) => Err(error),
    };
    (discard, progress)
}

/// What records add to bytes: 22 to each 16 KiB, and a key update now and then.
const fn overhead(size: usize) -> usize {
    (size / 16_384 + 1) * 64 + 64
}

fn perform<D>(
    traffic: &mut WriteTraffic<'_, D>,
    outgoing: &mut Outgoing,
    task: Task<'_>,
) -> Result<(), Error> {
    let short = |error| match error {
        EncryptError::InsufficientSize(size) => Short::Size(size.required_size),
        EncryptError::EncryptExhausted => Short::Never,
    };
    match task {
        Task::Nothing => Ok(()),
        Task::Encrypt(bytes) => append(outgoing, bytes.len() + overhead(bytes.len()), |room| {
            traffic.encrypt(bytes, room).map_err(short)
        }),
        Task::Leave => append(outgoing, 64, |room| traffic.queue_close_notify(room).map_err(short)),
    }
}

/// Why a record was not put anywhere.
enum Short {
    /// It needs so much room.
    Size(usize),
    Never,
}

/// Gives `fill` room at the end of `outgoing`, and more if that is not enough.
fn append(
    outgoing: &mut Outgoing,
    mut size: usize,
    mut fill: impl FnMut(&mut [u8]) -> Result<usize, Short>,
) -> Result<(), Error> {
    let before = outgoing.len();
    loop {
        outgoing.resize(before + size, 0);
        match fill(&mut outgoing[before..]) {
            Ok(count) => {
                outgoing.truncate(before + count);
                return Ok(());
            }
            Err(Short::Size(required)) if required > size => size = required,
            Err(_) => {
                outgoing.truncate(before);
                return Err(Error::EncryptError);
            }
        }
    }
}
