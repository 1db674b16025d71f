//! What a client is told about TLS.

use super::certificates::{authorities, certified};
use super::{HANDSHAKE_TIMEOUT, Inside, OptionsError, Pem, Session, TLSError, provider};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What a client is told about TLS: whom it trusts, and who it is itself.
///
/// The files are read when the first connection needs them, or by [`load`](Self::load).
///
/// ```
/// use gustnado::tls::ClientOptions;
///
/// let usual = ClientOptions::new(); // trusts whom the platform trusts
/// let inside = ClientOptions::new().ca_certs("company.pem").certificate("me.pem", "me.key.pem");
/// ```
#[derive(Clone)]
pub struct ClientOptions {
    description: Description,
    /// What tells them, and their clones, from others.
    identity: u64,
    loaded: Arc<Loaded>,
}

#[derive(Clone, Debug)]
struct Description {
    /// `None` for the platform's.
    authorities: Option<Pem>,
    certificate: Option<(Pem, Pem)>,
    validates: bool,
    alpn: Vec<Vec<u8>>,
    handshake_timeout: Duration,
}

/// What was made of the files, for connections whose server's certificate is validated, and for others. Sessions of the one kind must
/// not be resumed by the other.
#[derive(Default)]
struct Loaded {
    strict: OnceLock<Arc<ClientConfig>>,
    lax: OnceLock<Arc<ClientConfig>>,
}

impl ClientOptions {
    /// A client that trusts whom the platform trusts, and has no certificate itself.
    ///
    /// The platform's authorities are those of OpenSSL, in Debian the package `ca-certificates`; the environment's `SSL_CERT_FILE`
    /// and `SSL_CERT_DIR` replace them. They are read once in a process.
    pub fn new() -> Self {
        let description = Description {
            authorities: None,
            certificate: None,
            validates: true,
            alpn: Vec::new(),
            handshake_timeout: HANDSHAKE_TIMEOUT,
        };
        Self { description, identity: next_identity(), loaded: Arc::default() }
    }

    /// Trusts only these authorities, instead of the platform's.
    #[must_use]
    pub fn ca_certs(self, authorities: impl Into<Pem>) -> Self {
        let authorities = authorities.into();
        self.with(|description| description.authorities = Some(authorities))
    }

    /// Shows this chain of certificates to servers that ask for one; the private key belongs to its first. Tornado's `client_cert` and
    /// `client_key`.
    #[must_use]
    pub fn certificate(self, certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        let pair = (certificate.into(), key.into());
        self.with(|description| description.certificate = Some(pair))
    }

    /// Whether a server must have a certificate that is valid, for its name. Default `true`. Without it, the connection is secret
    /// from those who only listen, but whoever can come between can also answer in the server's place.
    #[must_use]
    pub fn validate_cert(self, validate: bool) -> Self {
        self.with(|description| description.validates = validate)
    }

    /// What can be spoken inside (ALPN), the favourite first. Default `http/1.1` for an HTTP client, else nothing is said.
    #[must_use]
    pub fn alpn<T: Into<Vec<u8>>>(self, protocols: impl IntoIterator<Item = T>) -> Self {
        let protocols = protocols.into_iter().map(Into::into).collect();
        self.with(|description| description.alpn = protocols)
    }

    /// How long a handshake may take. Default 20 s.
    #[must_use]
    pub fn handshake_timeout(self, timeout: Duration) -> Self {
        self.with(|description| description.handshake_timeout = timeout)
    }

    fn with(mut self, change: impl FnOnce(&mut Description)) -> Self {
        change(&mut self.description);
        self.identity = next_identity();
        self.loaded = Arc::default();
        self
    }

    /// Reads the files, unless that has been done.
    ///
    /// # Errors
    ///
    /// [`OptionsError`], which names the file.
    pub fn load(&self) -> Result<(), OptionsError> {
        self.config(self.description.validates).map(drop)
    }

    /// The client's side of a new connection. `validate` can take validation away, not add it.
    pub(crate) fn connect(
        &self,
        name: &str,
        validate: bool,
        inside: Inside,
    ) -> Result<Session, TLSError> {
        let config = self.config(validate && self.description.validates)?;
        let server = ServerName::try_from(name.to_owned());
        let server = server.map_err(|_| TLSError::Name(name.to_owned()))?;
        let alpn = match inside {
            Inside::Http if self.description.alpn.is_empty() => vec![b"http/1.1".to_vec()],
            _ => self.description.alpn.clone(),
        };
        Ok(Session::client(config, server, alpn)?)
    }

    /// The same for servers who are not to know who we are.
    pub(crate) fn without_certificate(self) -> Self {
        match self.description.certificate {
            Some(_) => self.with(|description| description.certificate = None),
            None => self,
        }
    }

    /// What tells connections with these options from others.
    pub(crate) fn identity(&self) -> u64 {
        self.identity
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.description.handshake_timeout
    }

    fn config(&self, validate: bool) -> Result<Arc<ClientConfig>, OptionsError> {
        let place = if validate { &self.loaded.strict } else { &self.loaded.lax };
        if let Some(config) = place.get() {
            return Ok(config.clone());
        }
        let config = Arc::new(self.description.load(validate)?);
        Ok(place.get_or_init(|| config).clone())
    }
}

impl Description {
    fn load(&self, validate: bool) -> Result<ClientConfig, OptionsError> {
        let unusable = |error: &dyn fmt::Display| {
            OptionsError::Unusable(String::from("the cryptography"), error.to_string())
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&error))?;
        let builder = if validate {
            let roots = match &self.authorities {
                Some(pem) => Arc::new(authorities(pem)?),
                None => platform_authorities()?,
            };
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider());
            builder.with_webpki_verifier(verifier.build().map_err(|error| unusable(&error))?)
        } else {
            let verifier = Arc::new(Gullible(provider()));
            builder.dangerous().with_custom_certificate_verifier(verifier)
        };
        Ok(match &self.certificate {
            Some((certificate, key)) => {
                let own = SingleCertAndKey::from(certified(certificate, key)?);
                builder.with_client_cert_resolver(Arc::new(own))
            }
            None => builder.with_no_client_auth(),
        })
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.description.fmt(f)
    }
}

fn next_identity() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Whom the platform trusts.
fn platform_authorities() -> Result<Arc<RootCertStore>, OptionsError> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        for error in found.errors {
            tracing::warn!(target: "gustnado.general", %error, "cannot read an authority's certificate");
        }
        let mut roots = RootCertStore::empty();
        // Some of a platform's certificates are older than the rules; they are no reason to trust none.
        roots.add_parsable_certificates(found.certs);
        Arc::new(roots)
    });
    if roots.is_empty() {
        return Err(OptionsError::NoPlatformCertificates);
    }
    Ok(roots.clone())
}

/// Believes every certificate. That the server has the key to it is still checked.
#[derive(Debug)]
struct Gullible(Arc<CryptoProvider>);

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
