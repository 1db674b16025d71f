//! Certificates and keys as PEM.

use super::OptionsError;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Certificates or a private key as PEM (RFC 7468): a file's path, or the text itself.
///
/// ```
/// use gustnado::tls::{Pem, ServerOptions};
///
/// let options = ServerOptions::new("certificate.pem", "key.pem"); // paths
/// # let (certificate, key) = ("", "");
/// let options = ServerOptions::new(Pem::text(certificate), Pem::text(key));
/// ```
#[derive(Clone)]
pub struct Pem(Place);

#[derive(Clone)]
enum Place {
    File(PathBuf),
    Memory(Arc<[u8]>),
}

impl Pem {
    /// The text itself.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self(Place::Memory(text.into().into()))
    }

    /// A file, which is read when it is needed, and read again by a [reload](super::ServerOptions::reload).
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Place::File(path.into()))
    }

    /// All certificates; there is at least one.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, OptionsError> {
        let text = self.read()?;
        let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|error| self.malformed(&error))?;
        if certificates.is_empty() {
            return Err(OptionsError::NoCertificate(self.to_string()));
        }
        Ok(certificates)
    }

    /// The first private key.
    pub(super) fn key(&self) -> Result<PrivateKeyDer<'static>, OptionsError> {
        PrivateKeyDer::from_pem_slice(&self.read()?).map_err(|error| match error {
            pem::Error::NoItemsFound => OptionsError::NoKey(self.to_string()),
            error => self.malformed(&error),
        })
    }

    fn read(&self) -> Result<Cow<'_, [u8]>, OptionsError> {
        match &self.0 {
            Place::Memory(text) => Ok(Cow::Borrowed(text)),
            Place::File(path) => std::fs::read(path)
                .map(Cow::Owned)
                .map_err(|error| OptionsError::File(path.clone(), Arc::new(error))),
        }
    }

    fn malformed(&self, error: &pem::Error) -> OptionsError {
        OptionsError::Pem(self.to_string(), error.to_string())
    }
}

impl From<&str> for Pem {
    fn from(path: &str) -> Self {
        Self::file(path)
    }
}

impl From<String> for Pem {
    fn from(path: String) -> Self {
        Self::file(path)
    }
}

impl From<&Path> for Pem {
    fn from(path: &Path) -> Self {
        Self::file(path)
    }
}

impl From<&PathBuf> for Pem {
    fn from(path: &PathBuf) -> Self {
        Self::file(path)
    }
}

impl From<PathBuf> for Pem {
    fn from(path: PathBuf) -> Self {
        Self::file(path)
    }
}

/// Where it is.
impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::File(path) => path.display().fmt(f),
            Place::Memory(_) => f.write_str("the given text"),
        }
    }
}

impl fmt::Debug for Pem {
    /// Where it is only: keys are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pem({self})")
    }
}
