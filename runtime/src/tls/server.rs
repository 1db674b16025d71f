//! What a server is told about TLS.

use super::certificates::{Certificates, authorities, certified};
use super::{HANDSHAKE_TIMEOUT, Inside, OptionsError, Pem, Session, TLSError, provider};
use rustls::ServerConfig;
use rustls::crypto::ring::Ticketer;
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// What a server is told about TLS: its certificates and keys, and what it wants of its clients. Tornado's `ssl_options`.
///
/// The files are read by who begins to listen, or by [`load`](Self::load); and again by [`reload`](Self::reload). All clones have
/// the same certificates, on whichever thread.
///
/// ```no_run
/// use gustnado::ioloop::{Signal, Signals, spawn};
/// use gustnado::prelude::*;
/// use gustnado::tls::ServerOptions;
///
/// # #[route("/")] async fn index() {}
/// #[gustnado::main]
/// async fn main() -> Result<()> {
///     let options = ServerOptions::new("certificate.pem", "key.pem")
///         .certificate("other.example.pem", "other.example.key.pem");
///     let server = Application::new(routes![index]).listen_tls(8443, &options)?;
///     // `kill -HUP` after the certificate was renewed.
///     let mut signals = Signals::new(&[Signal::Hangup])?;
///     drop(spawn(async move {
///         while signals.recv().await.is_ok() {
///             if let Err(error) = options.reload() {
///                 eprintln!("the certificates stay as they are: {error}");
///             }
///         }
///     }));
///     server.run().await
/// }
/// ```
#[derive(Clone)]
pub struct ServerOptions {
    description: Description,
    loaded: Arc<RwLock<Option<Loaded>>>,
}

#[derive(Clone, Debug)]
struct Description {
    certificates: Vec<(Pem, Pem)>,
    clients: Clients,
    alpn: Vec<Vec<u8>>,
    handshake_timeout: Duration,
}

/// Which certificates clients are asked for.
#[derive(Clone, Debug)]
enum Clients {
    None,
    Optional(Pem),
    Required(Pem),
}

/// What was made of the files. It does not change; a reload makes another one.
#[derive(Clone)]
struct Loaded {
    anything: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
}

impl ServerOptions {
    /// A server with this chain of certificates, its own first, and the private key to that one.
    pub fn new(certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        let description = Description {
            certificates: vec![(certificate.into(), key.into())],
            clients: Clients::None,
            alpn: Vec::new(),
            handshake_timeout: HANDSHAKE_TIMEOUT,
        };
        Self { description, loaded: Arc::default() }
    }

    /// Another certificate. A client is shown the first one that is for the name it asks for (SNI) and whose kind of key it
    /// understands; the first of all, if it asks for none or for one that nobody here has.
    #[must_use]
    pub fn certificate(self, certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        let pair = (certificate.into(), key.into());
        self.with(|description| description.certificates.push(pair))
    }

    /// Lets in only clients with a certificate that one of these authorities has signed: Tornado's `ca_certs` with `CERT_REQUIRED`.
    #[must_use]
    pub fn require_client_certificates(self, authorities: impl Into<Pem>) -> Self {
        let authorities = authorities.into();
        self.with(|description| description.clients = Clients::Required(authorities))
    }

    /// Asks clients for a certificate; those that have none are let in, those with one that no such authority has signed are not:
    /// Tornado's `CERT_OPTIONAL`.
    #[must_use]
    pub fn ask_for_client_certificates(self, authorities: impl Into<Pem>) -> Self {
        let authorities = authorities.into();
        self.with(|description| description.clients = Clients::Optional(authorities))
    }

    /// What is spoken inside (ALPN), the favourite first. A client that names only others is refused. Default `http/1.1` for an HTTP
    /// server, else nothing in particular.
    #[must_use]
    pub fn alpn<T: Into<Vec<u8>>>(self, protocols: impl IntoIterator<Item = T>) -> Self {
        let protocols = protocols.into_iter().map(Into::into).collect();
        self.with(|description| description.alpn = protocols)
    }

    /// How long a handshake may take. Default 20 s. The connection is then closed.
    #[must_use]
    pub fn handshake_timeout(self, timeout: Duration) -> Self {
        self.with(|description| description.handshake_timeout = timeout)
    }

    fn with(mut self, change: impl FnOnce(&mut Description)) -> Self {
        change(&mut self.description);
        // Other clones go on with what they were told.
        self.loaded = Arc::default();
        self
    }

    /// Reads the files, unless that has been done.
    ///
    /// # Errors
    ///
    /// [`OptionsError`], which names the file.
    pub fn load(&self) -> Result<(), OptionsError> {
        self.loaded().map(drop)
    }

    /// Reads the files again: the next connection gets what is in them now, and those that are open stay as they are. If anything is
    /// wrong with them, nothing has changed.
    ///
    /// # Errors
    ///
    /// As of [`load`](Self::load).
    pub fn reload(&self) -> Result<(), OptionsError> {
        let loaded = self.description.load()?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
        tracing::info!(target: "gustnado.general", "loaded certificates anew");
        Ok(())
    }

    fn loaded(&self) -> Result<Loaded, OptionsError> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(loaded) = loaded {
            return Ok(loaded);
        }
        let loaded = self.description.load()?;
        let mut place = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        Ok(place.get_or_insert(loaded).clone())
    }

    /// The server's side of a new connection.
    pub(crate) fn accept(&self, inside: Inside) -> Result<Session, TLSError> {
        let loaded = self.loaded()?;
        Ok(Session::server(match inside {
            Inside::Anything => loaded.anything,
            Inside::Http => loaded.http,
        })?)
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.description.handshake_timeout
    }
}

impl Description {
    fn load(&self) -> Result<Loaded, OptionsError> {
        let certificates =
            self.certificates.iter().map(|(certificate, key)| certified(certificate, key));
        let certificates =
            certificates.map(|own| own.map(Arc::new)).collect::<Result<_, OptionsError>>()?;
        let unusable = |error: rustls::Error| {
            OptionsError::Unusable(String::from("the cryptography"), error.to_string())
        };
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let builder = match &self.clients {
            Clients::None => builder.with_client_cert_verifier(Arc::new(NoClientAuth)),
            Clients::Optional(pem) | Clients::Required(pem) => {
                let roots = Arc::new(authorities(pem)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
                let verifier = match &self.clients {
                    Clients::Optional(_) => verifier.allow_unauthenticated(),
                    _ => verifier,
                };
                let verifier = verifier
                    .build()
                    .map_err(|error| OptionsError::Unusable(pem.to_string(), error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut anything = builder.with_cert_resolver(Arc::new(Certificates(certificates)));
        // A session can be resumed as long as the certificates are these: whose authority is not trusted any more must not come back
        // by an old ticket.
        anything.ticketer = Ticketer::new().map_err(unusable)?;
        anything.alpn_protocols.clone_from(&self.alpn);
        let mut http = anything.clone();
        if http.alpn_protocols.is_empty() {
            http.alpn_protocols.push(b"http/1.1".to_vec());
        }
        Ok(Loaded { anything: Arc::new(anything), http: Arc::new(http) })
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.description.fmt(f)
    }
}
