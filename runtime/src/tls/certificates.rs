//! Certificates with their keys, and which of them a client is shown.

use super::{OptionsError, Pem, provider};
use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// A chain of certificates, and the key of the first.
pub(super) fn certified(certificate: &Pem, key: &Pem) -> Result<CertifiedKey, OptionsError> {
    let chain = certificate.certificates()?;
    let secret = key.key()?;
    CertifiedKey::from_der(chain, secret, &provider()).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            OptionsError::KeyMismatch(certificate.to_string(), key.to_string())
        }
        Error::InvalidCertificate(error) => {
            OptionsError::Unusable(certificate.to_string(), error.to_string())
        }
        error => OptionsError::Unusable(key.to_string(), error.to_string()),
    })
}

/// The authorities whose certificates these are.
pub(super) fn authorities(certificates: &Pem) -> Result<RootCertStore, OptionsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates.certificates()? {
        roots
            .add(certificate)
            .map_err(|error| OptionsError::Unusable(certificates.to_string(), error.to_string()))?;
    }
    Ok(roots)
}

/// Chooses the certificate for a client: the first one for the name that it asks for (SNI, RFC 6066 §3) and that it can verify;
/// if there is none, the first one that it can verify.
#[derive(Debug)]
pub(super) struct Certificates(pub(super) Vec<Arc<CertifiedKey>>);

impl Certificates {
    fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let name = name.and_then(|name| ServerName::try_from(name).ok());
        let verifiable = || self.0.iter().filter(|own| own.key.choose_scheme(schemes).is_some());
        let named = name.and_then(|name| verifiable().find(|own| is_for(own, &name)));
        named.or_else(|| verifiable().next()).cloned()
    }
}

fn is_for(own: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = own.end_entity_cert().and_then(ParsedCertificate::try_from);
    parsed.is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok())
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name(), hello.signature_schemes())
    }
}
