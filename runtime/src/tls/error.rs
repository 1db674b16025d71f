//! What goes wrong with TLS: before there is a connection, and on one.

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a connection cannot be secured, or cannot be any longer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TLSError {
    /// The options are of no use.
    Options(OptionsError),
    /// [`start_tls`](crate::iostream::IOStream::start_tls) was called while the stream was reading or writing, or had received
    /// what nobody has read. That would have been taken as secured, although anybody could have sent it.
    NotIdle,
    /// This is neither a host's name nor an address.
    Name(String),
    /// The other side's certificate is not to be trusted.
    Certificate(CertificateProblem),
    /// The other side had to show a certificate, and did not.
    NoCertificate,
    /// The other side does not speak TLS.
    NotTLS,
    /// The other side has refused, with this alert of RFC 8446 §6, such as `UnknownCA` or `CertificateRequired`.
    Alert(String),
    /// Both sides have no version, cipher or protocol in common.
    Incompatible(String),
    /// The other side breaks a rule of the protocol, or somebody has changed what it sent.
    Protocol(String),
    /// The handshake took too long.
    Timeout,
    /// The connection ended without a farewell (`close_notify`), so that somebody may have cut it off.
    Truncated,
    /// The connection ended, with this error of the system, if it was one.
    Closed(Option<Arc<io::Error>>),
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// It is not valid any more.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It is for others than this name.
    WrongName(String),
    /// Nobody who is trusted has signed it. So it is, too, if it has signed itself.
    UnknownIssuer,
    /// It was revoked.
    Revoked,
    /// Something else.
    Other(String),
}

/// Why options are of no use. It names the file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OptionsError {
    /// The file cannot be read.
    File(PathBuf, Arc<io::Error>),
    /// This is not PEM (RFC 7468).
    Pem(String, String),
    /// There is no certificate in it.
    NoCertificate(String),
    /// There is no private key in it: PKCS#8, PKCS#1 or SEC1, not encrypted.
    NoKey(String),
    /// It cannot be used.
    Unusable(String, String),
    /// The certificate is for another key.
    KeyMismatch(String, String),
    /// This machine has no certificates of authorities that it trusts.
    NoPlatformCertificates,
}

impl TLSError {
    /// The error of TLS that is inside of one of a stream.
    pub(crate) fn of(error: Option<Arc<io::Error>>) -> Self {
        let own = error.as_ref().and_then(|error| error.get_ref()?.downcast_ref::<Self>());
        own.cloned().unwrap_or(Self::Closed(error))
    }
}

impl fmt::Display for TLSError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options(error) => error.fmt(f),
            // Tornado's words, but for the protocol's name.
            Self::NotIdle => f.write_str("IOStream is not idle; cannot convert to TLS"),
            Self::Name(name) => write!(f, "{name:?} is no host's name"),
            Self::Certificate(problem) => write!(f, "the certificate {problem}"),
            Self::NoCertificate => f.write_str("the other side has shown no certificate"),
            Self::NotTLS => f.write_str("the other side does not speak TLS"),
            Self::Alert(alert) => write!(f, "the other side has refused: {alert}"),
            Self::Incompatible(text) => write!(f, "nothing in common with the other side: {text}"),
            Self::Protocol(text) => write!(f, "TLS protocol error: {text}"),
            Self::Timeout => f.write_str("the TLS handshake took too long"),
            Self::Truncated => {
                f.write_str("the connection ended without a farewell (close_notify)")
            }
            Self::Closed(None) => f.write_str("Stream is closed"),
            Self::Closed(Some(error)) => write!(f, "Stream is closed: {error}"),
        }
    }
}

impl Error for TLSError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Options(error) => Some(error),
            Self::Closed(Some(error)) => Some(&**error),
            _ => None,
        }
    }
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("has expired"),
            Self::NotYetValid => f.write_str("is not valid yet"),
            Self::WrongName(name) => write!(f, "is not valid for {name}"),
            Self::UnknownIssuer => f.write_str("was not signed by anybody who is trusted"),
            Self::Revoked => f.write_str("was revoked"),
            Self::Other(text) => write!(f, "is invalid: {text}"),
        }
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::Pem(place, text) => write!(f, "{place} is not PEM: {text}"),
            Self::NoCertificate(place) => write!(f, "there is no certificate in {place}"),
            Self::NoKey(place) => write!(f, "there is no private key in {place}"),
            Self::Unusable(place, text) => write!(f, "{place} cannot be used: {text}"),
            Self::KeyMismatch(certificate, key) => {
                write!(f, "the certificate in {certificate} is not for the key in {key}")
            }
            Self::NoPlatformCertificates => {
                f.write_str("this machine has no certificates of authorities (ca-certificates)")
            }
        }
    }
}

impl Error for OptionsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File(_, error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<OptionsError> for TLSError {
    fn from(error: OptionsError) -> Self {
        Self::Options(error)
    }
}

impl From<TLSError> for io::Error {
    fn from(error: TLSError) -> Self {
        let kind = match &error {
            TLSError::Options(OptionsError::File(_, error)) => error.kind(),
            TLSError::Options(_) | TLSError::NotIdle | TLSError::Name(_) => {
                io::ErrorKind::InvalidInput
            }
            TLSError::Timeout => io::ErrorKind::TimedOut,
            TLSError::Truncated => io::ErrorKind::UnexpectedEof,
            TLSError::Closed(Some(error)) => error.kind(),
            TLSError::Closed(None) => io::ErrorKind::BrokenPipe,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

impl From<OptionsError> for io::Error {
    fn from(error: OptionsError) -> Self {
        TLSError::from(error).into()
    }
}

impl From<rustls::Error> for TLSError {
    fn from(error: rustls::Error) -> Self {
        use rustls::Error as E;
        match error {
            E::InvalidCertificate(problem) => Self::Certificate(problem.into()),
            E::NoCertificatesPresented => Self::NoCertificate,
            E::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => Self::NotTLS,
            E::AlertReceived(alert) => Self::Alert(name(alert)),
            E::PeerIncompatible(reason) => Self::Incompatible(format!("{reason:?}")),
            E::NoApplicationProtocol => Self::Incompatible(String::from("no protocol inside")),
            error => Self::Protocol(error.to_string()),
        }
    }
}

fn name(alert: AlertDescription) -> String {
    alert.as_str().map_or_else(|| format!("{alert:?}"), str::to_owned)
}

impl From<CertificateError> for CertificateProblem {
    fn from(error: CertificateError) -> Self {
        use CertificateError as E;
        match error {
            E::Expired | E::ExpiredContext { .. } => Self::Expired,
            E::NotValidYet | E::NotValidYetContext { .. } => Self::NotYetValid,
            E::NotValidForName => Self::WrongName(String::from("this name")),
            E::NotValidForNameContext { expected, .. } => {
                Self::WrongName(expected.to_str().into_owned())
            }
            E::UnknownIssuer => Self::UnknownIssuer,
            E::Revoked => Self::Revoked,
            error => Self::Other(error.to_string()),
        }
    }
}
