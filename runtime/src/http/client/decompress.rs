//! Bodies that were sent compressed.

use super::errors::HTTPClientError;
use crate::http::Violation;
use flate2::write::MultiGzDecoder;
use std::io::{self, Write};

/// Decompresses the content coding `gzip`. RFC 9110 §8.4.1.3, RFC 1952.
pub(super) struct Gunzip {
    decoder: MultiGzDecoder<Bounded>,
}

/// So much is decompressed at a time: it is at most a thousand times as long when it comes out.
pub(super) const STEP: usize = 1024;

/// Takes what comes out, up to a limit: a few bytes can stand for gigabytes.
struct Bounded {
    bytes: Vec<u8>,
    left: u64,
}

impl Gunzip {
    /// For a body of no more than `limit` bytes when it is decompressed.
    pub(super) fn new(limit: u64) -> Self {
        let out = Bounded { bytes: Vec::new(), left: limit };
        Self { decoder: MultiGzDecoder::new(out) }
    }

    /// Decompresses some more of the body, and gives what comes out to `take`.
    pub(super) fn push(
        &mut self,
        data: &[u8],
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<(), HTTPClientError> {
        self.decoder.write_all(data).and_then(|()| self.decoder.flush()).map_err(failure)?;
        self.give(take);
        Ok(())
    }

    /// The body has ended; fails if that is too early.
    pub(super) fn finish(&mut self, take: &mut dyn FnMut(&[u8])) -> Result<(), HTTPClientError> {
        self.decoder.try_finish().map_err(failure)?;
        self.give(take);
        Ok(())
    }

    fn give(&mut self, take: &mut dyn FnMut(&[u8])) {
        let out = self.decoder.get_mut();
        if !out.bytes.is_empty() {
            take(&out.bytes);
            out.bytes.clear();
        }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len() as u64;
        self.left = self.left.checked_sub(length).ok_or(io::ErrorKind::FileTooLarge)?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn failure(error: io::Error) -> HTTPClientError {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Violation::BodyTooLarge.into(),
        _ => HTTPClientError::Decompress(error),
    }
}
