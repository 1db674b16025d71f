//! The rules of RFC 9110 and RFC 9112 that a request can break.

use std::error::Error;
use std::fmt;

use ::http::StatusCode;

/// A rule that a request has broken.
///
/// The enum is exhaustive on purpose: there is one variant per rule that gustnado enforces, each can be
/// tested on its own, and a new one is a new decision. [`status`](Self::status) is the only place where
/// a rule becomes a status code. The text of [`Display`](fmt::Display) is fixed for every variant and
/// holds nothing of the request, so it may be sent to the client.
///
/// ```
/// use gustnado::http::Violation;
///
/// let violation = Violation::HostRepeated;
/// assert_eq!(violation.status().as_u16(), 400);
/// assert_eq!(violation.rfc(), "9112 §3.2");
/// assert_eq!(violation.to_string(), "more than one Host header");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Violation {
    // The request line.
    /// More empty lines before the request line than the few we ignore. RFC 9112 §2.2.
    LeadingEmptyLines,
    /// A CR that is not followed by LF. RFC 9112 §2.2.
    BareCarriageReturn,
    /// A LF that does not follow a CR. The RFC allows a recipient to take it for a line end; we do not,
    /// because two parsers that disagree on where a line ends can be played against each other.
    /// RFC 9112 §2.2.
    BareLineFeed,
    /// The method is empty or not a token. RFC 9110 §9.1.
    MethodSyntax,
    /// CONNECT asks for a tunnel, and this is no proxy. RFC 9110 §9.3.6.
    ConnectUnsupported,
    /// The request line does not consist of a method, a target and a version with one space between
    /// each. RFC 9112 §3.
    RequestLineSyntax,
    /// The request line is longer than [`Limits::request_line`](super::Limits::request_line).
    /// RFC 9112 §3.
    RequestLineTooLong,
    /// A control character, a byte outside ASCII or a `#` in the request target. RFC 9112 §3.2.
    TargetSyntax,
    /// The target is neither a path nor an absolute `http` or `https` URI. RFC 9112 §3.2.
    TargetForm,
    /// The authority of an absolute target is not `host[:port]`. RFC 9112 §3.2.2.
    TargetAuthority,
    /// The target `*` with another method than OPTIONS. RFC 9112 §3.2.4.
    AsteriskTarget,
    /// The last part of the request line is not `HTTP/` DIGIT `.` DIGIT. RFC 9112 §2.3.
    VersionSyntax,
    /// The major version is not 1. RFC 9110 §15.6.6.
    VersionUnsupported,

    // The header section.
    /// White space between the request line and the first header. RFC 9112 §2.2.
    LeadingWhitespace,
    /// A header continued on a second line (obs-fold). RFC 9112 §5.2.
    FoldedField,
    /// A header line without a colon. RFC 9112 §5.
    MissingColon,
    /// A header line that starts with its colon. RFC 9110 §5.1.
    FieldNameEmpty,
    /// A header name that is not a token. RFC 9110 §5.1.
    FieldNameSyntax,
    /// White space in a header name or between it and the colon. RFC 9112 §5.1.
    SpaceBeforeColon,
    /// A control character other than TAB in a header value. RFC 9110 §5.5.
    FieldValueSyntax,
    /// The header section is longer than [`Limits::header_bytes`](super::Limits::header_bytes).
    /// RFC 6585 §5.
    HeadersTooLarge,
    /// The header section has more lines than [`Limits::header_count`](super::Limits::header_count).
    /// RFC 6585 §5.
    TooManyHeaders,

    // What the headers say.
    /// An HTTP/1.1 request without Host. RFC 9112 §3.2.
    HostMissing,
    /// More than one Host, even if they are equal. RFC 9112 §3.2.
    HostRepeated,
    /// A Host that is not `host[:port]`. RFC 9110 §7.2.
    HostSyntax,
    /// A Content-Length that is not made of digits only. RFC 9110 §8.6.
    ContentLengthSyntax,
    /// A Content-Length that does not fit in 64 bits. RFC 9110 §8.6.
    ContentLengthOverflow,
    /// More than one Content-Length, or a list of them, even if they are equal. The RFC allows equal
    /// ones to be taken for one; we do not. RFC 9112 §6.3.
    ContentLengthRepeated,
    /// Content-Length and Transfer-Encoding in one request. RFC 9112 §6.3.
    ContentLengthWithTransferEncoding,
    /// Transfer-Encoding in an HTTP/1.0 request. RFC 9112 §6.1.
    TransferEncodingVersion,
    /// A Transfer-Encoding that is not a list of tokens. RFC 9112 §6.1.
    TransferEncodingSyntax,
    /// A transfer coding other than `chunked`. RFC 9112 §6.1.
    TransferCodingUnknown,
    /// `chunked` applied more than once. RFC 9112 §6.1.
    ChunkedRepeated,
    /// A transfer coding applied after `chunked`. RFC 9112 §6.3.
    ChunkedNotLast,
    /// An Expect other than `100-continue`. RFC 9110 §10.1.1.
    ExpectationUnknown,

    // The body.
    /// The body is longer than the limit that holds for this request. RFC 9110 §15.5.14.
    BodyTooLarge,
    /// A chunk size that is not made of hexadecimal digits only. RFC 9112 §7.1.
    ChunkSizeSyntax,
    /// A chunk size that does not fit in 64 bits. RFC 9112 §7.1.
    ChunkSizeOverflow,
    /// A chunk extension outside its grammar. RFC 9112 §7.1.1.
    ChunkExtensionSyntax,
    /// Chunk extensions longer than [`Limits::chunk_line`](super::Limits::chunk_line) in one line, or
    /// than [`Limits::chunk_extensions`](super::Limits::chunk_extensions) in the whole body.
    /// RFC 9112 §7.1.1.
    ChunkExtensionTooLong,
    /// The data of a chunk is not followed by CRLF. RFC 9112 §7.1.
    ChunkUnterminated,
    /// A trailer that frames, routes, authenticates or describes the message. RFC 9110 §6.5.1.
    TrailerForbidden,
    /// The trailer section is longer than [`Limits::trailer_bytes`](super::Limits::trailer_bytes), or
    /// has more lines than [`Limits::header_count`](super::Limits::header_count). RFC 6585 §5.
    TrailersTooLarge,
}

impl Violation {
    /// The status code that answers a request which breaks this rule.
    pub fn status(self) -> StatusCode {
        match self {
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RequestLineTooLong => StatusCode::URI_TOO_LONG,
            Self::ExpectationUnknown => StatusCode::EXPECTATION_FAILED,
            Self::HeadersTooLarge | Self::TooManyHeaders | Self::TrailersTooLarge => {
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
            }
            Self::ConnectUnsupported | Self::TransferCodingUnknown => StatusCode::NOT_IMPLEMENTED,
            Self::VersionUnsupported => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::LeadingEmptyLines
            | Self::BareCarriageReturn
            | Self::BareLineFeed
            | Self::MethodSyntax
            | Self::RequestLineSyntax
            | Self::TargetSyntax
            | Self::TargetForm
            | Self::TargetAuthority
            | Self::AsteriskTarget
            | Self::VersionSyntax
            | Self::LeadingWhitespace
            | Self::FoldedField
            | Self::MissingColon
            | Self::FieldNameEmpty
            | Self::FieldNameSyntax
            | Self::SpaceBeforeColon
            | Self::FieldValueSyntax
            | Self::HostMissing
            | Self::HostRepeated
            | Self::HostSyntax
            | Self::ContentLengthSyntax
            | Self::ContentLengthOverflow
            | Self::ContentLengthRepeated
            | Self::ContentLengthWithTransferEncoding
            | Self::TransferEncodingVersion
            | Self::TransferEncodingSyntax
            | Self::ChunkedRepeated
            | Self::ChunkedNotLast
            | Self::ChunkSizeSyntax
            | Self::ChunkSizeOverflow
            | Self::ChunkExtensionSyntax
            | Self::ChunkExtensionTooLong
            | Self::ChunkUnterminated
            | Self::TrailerForbidden => StatusCode::BAD_REQUEST,
        }
    }

    /// The RFC and the section of the rule, as `"9112 §3.2"`.
    pub fn rfc(self) -> &'static str {
        self.rule().0
    }

    /// What it says about itself.
    pub(super) fn text(self) -> &'static str {
        self.rule().1
    }

    /// Section and text side by side, so that neither is forgotten for a new variant.
    fn rule(self) -> (&'static str, &'static str) {
        match self {
            Self::LeadingEmptyLines => ("9112 §2.2", "too many empty lines before the request"),
            Self::BareCarriageReturn => ("9112 §2.2", "CR without LF"),
            Self::BareLineFeed => ("9112 §2.2", "LF without CR"),
            Self::MethodSyntax => ("9110 §9.1", "the method is not a token"),
            Self::ConnectUnsupported => ("9110 §9.3.6", "CONNECT is not supported"),
            Self::RequestLineSyntax => ("9112 §3", "malformed request line"),
            Self::RequestLineTooLong => ("9112 §3", "the request line is too long"),
            Self::TargetSyntax => ("9112 §3.2", "character not allowed in the request target"),
            Self::TargetForm => ("9112 §3.2", "the request target is neither a path nor a URI"),
            Self::TargetAuthority => ("9112 §3.2.2", "malformed authority in the request target"),
            Self::AsteriskTarget => ("9112 §3.2.4", "the target * is for OPTIONS only"),
            Self::VersionSyntax => ("9112 §2.3", "malformed HTTP version"),
            Self::VersionUnsupported => ("9110 §15.6.6", "HTTP version not supported"),
            Self::LeadingWhitespace => ("9112 §2.2", "white space before the first header"),
            Self::FoldedField => ("9112 §5.2", "a header continues on a second line"),
            Self::MissingColon => ("9112 §5", "a header line without a colon"),
            Self::FieldNameEmpty => ("9110 §5.1", "a header without a name"),
            Self::FieldNameSyntax => ("9110 §5.1", "a header name is not a token"),
            Self::SpaceBeforeColon => ("9112 §5.1", "white space before the colon of a header"),
            Self::FieldValueSyntax => ("9110 §5.5", "control character in a header value"),
            Self::HeadersTooLarge => ("6585 §5", "the headers are too large"),
            Self::TooManyHeaders => ("6585 §5", "too many headers"),
            Self::HostMissing => ("9112 §3.2", "no Host header"),
            Self::HostRepeated => ("9112 §3.2", "more than one Host header"),
            Self::HostSyntax => ("9110 §7.2", "malformed Host header"),
            Self::ContentLengthSyntax => ("9110 §8.6", "Content-Length is not a number"),
            Self::ContentLengthOverflow => ("9110 §8.6", "Content-Length is out of range"),
            Self::ContentLengthRepeated => ("9112 §6.3", "more than one Content-Length"),
            Self::ContentLengthWithTransferEncoding => {
                ("9112 §6.3", "both Content-Length and Transfer-Encoding")
            }
            Self::TransferEncodingVersion => ("9112 §6.1", "Transfer-Encoding in HTTP/1.0"),
            Self::TransferEncodingSyntax => ("9112 §6.1", "malformed Transfer-Encoding"),
            Self::TransferCodingUnknown => ("9112 §6.1", "unknown transfer coding"),
            Self::ChunkedRepeated => ("9112 §6.1", "chunked more than once"),
            Self::ChunkedNotLast => ("9112 §6.3", "chunked is not the last transfer coding"),
            Self::ExpectationUnknown => ("9110 §10.1.1", "unknown expectation"),
            Self::BodyTooLarge => ("9110 §15.5.14", "the body is too large"),
            Self::ChunkSizeSyntax => ("9112 §7.1", "malformed chunk size"),
            Self::ChunkSizeOverflow => ("9112 §7.1", "the chunk size is out of range"),
            Self::ChunkExtensionSyntax => ("9112 §7.1.1", "malformed chunk extension"),
            Self::ChunkExtensionTooLong => ("9112 §7.1.1", "chunk extensions are too long"),
            Self::ChunkUnterminated => ("9112 §7.1", "no CRLF after the data of a chunk"),
            Self::TrailerForbidden => ("9110 §6.5.1", "a header that may not be a trailer"),
            Self::TrailersTooLarge => ("6585 §5", "the trailers are too large"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Error for Violation {}
