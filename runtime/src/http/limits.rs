//! How much of a message we are willing to read.

use super::Violation;

/// The sizes a request must stay within; for a [client](super::AsyncHTTPClientBuilder::limits), those of a response.
///
/// The defaults are Tornado's where it has one, and what other servers have settled on elsewhere.
///
/// ```
/// use gustnado::http::Limits;
///
/// let limits = Limits { body: 1024 * 1024, ..Limits::default() };
/// assert_eq!(limits.header_count, 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the request line without its CRLF. Default 8 KiB; beyond it a request is answered with
    /// 414.
    pub request_line: usize,
    /// Bytes of the header section, with the empty line that ends it. Default 64 KiB; beyond it a request
    /// is answered with 431. Whatever is set here, no more than 16 MiB count.
    pub header_bytes: usize,
    /// Lines of the header section. Default 100; beyond it a request is answered with 431.
    pub header_count: usize,
    /// Bytes of the body. Default 100 MiB; beyond it a request is answered with 413. A route may set its
    /// own.
    pub body: u64,
    /// Bytes of the line that starts a chunk, without its CRLF. Default 256; beyond it a request is answered
    /// with 400.
    pub chunk_line: usize,
    /// Bytes of all chunk extensions of a body together. Default 16 KiB; beyond it a request is answered
    /// with 400. Without it, a client could send a whole line of extensions with every byte of data.
    pub chunk_extensions: usize,
    /// Bytes of the trailer section of a chunked body. Default 8 KiB; beyond it a request is answered
    /// with 431.
    pub trailer_bytes: usize,
}

impl Limits {
    /// No section of a message is longer than this, whatever the limits say, so that a range in it fits in
    /// 32 bits.
    pub(crate) const SECTION: usize = 16 * 1024 * 1024;

    /// Refuses a body of `length` bytes if it is longer than `limit`.
    ///
    /// # Errors
    ///
    /// [`Violation::BodyTooLarge`].
    pub fn admit_body(length: u64, limit: u64) -> Result<(), Violation> {
        if length > limit {
            return Err(Violation::BodyTooLarge);
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_line: 8 * 1024,
            header_bytes: 64 * 1024,
            header_count: 100,
            body: 100 * 1024 * 1024,
            chunk_line: 256,
            chunk_extensions: 16 * 1024,
            trailer_bytes: 8 * 1024,
        }
    }
}
