//! The rules of RFC 9110 and RFC 9112 that a response can break.

use crate::http::Violation;
use std::fmt;

/// A rule that a response has broken. The connection it came over is closed.
///
/// The enum is exhaustive on purpose, as [`Violation`] is for requests. Rules that hold for both are in
/// [`Message`](Self::Message).
///
/// ```
/// use gustnado::http::{ResponseViolation, Violation};
///
/// let violation = ResponseViolation::from(Violation::FoldedField);
/// assert_eq!(violation.rfc(), "9112 §5.2");
/// assert_eq!(violation.to_string(), "a header continues on a second line");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponseViolation {
    /// The first line does not begin with `HTTP/` DIGIT `.` DIGIT and a space. RFC 9112 §2.3.
    VersionSyntax,
    /// The major version is not 1. RFC 9110 §2.5.
    VersionUnsupported,
    /// The status is not a number of three digits from 100 on. RFC 9112 §4.
    StatusSyntax,
    /// A control character in the reason phrase. RFC 9112 §4.
    ReasonSyntax,
    /// The status line is longer than [`Limits::request_line`](crate::http::Limits::request_line). RFC 9112 §4.
    StatusLineTooLong,
    /// More interim responses (1xx) than anybody needs. RFC 9110 §15.2.
    TooManyInterim,
    /// A 101 that was not asked for. RFC 9110 §15.2.2.
    SwitchNotRequested,
    /// More than one Content-Length, and they differ. RFC 9112 §6.3.
    ContentLengthDiffers,
    /// A 1xx or 204 that announces a body. RFC 9110 §8.6, RFC 9112 §6.1.
    BodyForbidden,
    /// A rule that holds for requests, too.
    Message(Violation),
}

impl ResponseViolation {
    /// The RFC and the section of the rule, as `"9112 §4"`.
    pub fn rfc(self) -> &'static str {
        self.rule().0
    }

    /// Section and text side by side, so that neither is forgotten for a new variant.
    fn rule(self) -> (&'static str, &'static str) {
        match self {
            Self::VersionSyntax => ("9112 §2.3", "malformed HTTP version in the response"),
            Self::VersionUnsupported => ("9110 §2.5", "HTTP version of the response not supported"),
            Self::StatusSyntax => ("9112 §4", "malformed status in the response"),
            Self::ReasonSyntax => ("9112 §4", "control character in the reason phrase"),
            Self::StatusLineTooLong => ("9112 §4", "the status line is too long"),
            Self::TooManyInterim => ("9110 §15.2", "too many interim responses"),
            Self::SwitchNotRequested => ("9110 §15.2.2", "101 without a request for it"),
            Self::ContentLengthDiffers => ("9112 §6.3", "Content-Length values that differ"),
            Self::BodyForbidden => ("9110 §8.6", "a response that has no body announces one"),
            Self::Message(violation) => (violation.rfc(), violation.text()),
        }
    }
}

impl From<Violation> for ResponseViolation {
    fn from(violation: Violation) -> Self {
        Self::Message(violation)
    }
}

impl fmt::Display for ResponseViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule().1)
    }
}

impl std::error::Error for ResponseViolation {}
