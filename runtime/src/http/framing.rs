//! Where the body of a request ends.

/// How the end of a request's body is found. RFC 9112 §6.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    #[default]
    None,
    /// The body has this many bytes.
    Length(u64),
    /// The body comes in chunks and ends with one of size zero.
    Chunked,
}

impl Framing {
    /// Whether bytes of a body are to be expected.
    pub fn has_body(self) -> bool {
        !matches!(self, Self::None | Self::Length(0))
    }
}
