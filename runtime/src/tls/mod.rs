//! TLS: what servers and clients are told about it, and what goes wrong with it. Needs the feature `tls`.
//!
//! [rustls](https://docs.rs/rustls) speaks the protocol (TLS 1.2 and 1.3), and *ring* does the cryptography, which needs a C compiler to
//! build, and nothing else. The streams are [`IOStream`]s as any others.
//!
//! ```no_run
//! use gustnado::prelude::*;
//! use gustnado::tls::ServerOptions;
//!
//! #[route("/")]
//! async fn index() -> &'static str {
//!     "Hello, world"
//! }
//!
//! #[gustnado::main]
//! async fn main() -> Result<()> {
//!     let options = ServerOptions::new("certificate.pem", "key.pem");
//!     Application::new(routes![index]).listen_tls(8443, &options)?.run().await
//! }
//! ```
//!
//! [`IOStream`]: crate::iostream::IOStream

mod certificates;
mod client;
mod error;
mod pem;
mod server;
mod session;

pub use client::ClientOptions;
pub use error::{CertificateProblem, OptionsError, TLSError};
pub use pem::Pem;
pub use server::ServerOptions;
pub(crate) use session::{Progress, Session, Task};

use rustls::crypto::{CryptoProvider, ring};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// How long a handshake may take, unless it is said otherwise: as long as the head of a request.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(20);

/// Which side of a connection a stream is: what [`IOStream::start_tls`](crate::iostream::IOStream::start_tls) is told.
///
/// ```no_run
/// use gustnado::iostream::IOStream;
/// use gustnado::tls::{ClientOptions, ServerOptions, TLSError};
///
/// # async fn example(stream: IOStream, other: IOStream) -> Result<(), TLSError> {
/// stream.start_tls(&ServerOptions::new("certificate.pem", "key.pem")).await?;
/// other.start_tls((&ClientOptions::new(), "mail.example.com")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Role {
    /// The one that was connected to.
    Server(ServerOptions),
    /// The one that has connected, to a server of this name, or address.
    Client(ClientOptions, String),
}

impl From<&ServerOptions> for Role {
    fn from(options: &ServerOptions) -> Self {
        Self::Server(options.clone())
    }
}

impl From<(&ClientOptions, &str)> for Role {
    fn from((options, name): (&ClientOptions, &str)) -> Self {
        Self::Client(options.clone(), name.to_owned())
    }
}

/// What is spoken inside, which both sides agree on (ALPN, RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// What the options say, if they do.
    Anything,
    /// HTTP/1.1, unless the options say otherwise.
    Http,
}

impl Role {
    /// The beginning of a connection, and how long its handshake may take.
    pub(crate) fn begin(&self, inside: Inside) -> Result<(Session, Duration), TLSError> {
        Ok(match self {
            Self::Server(options) => (options.accept(inside)?, options.timeout()),
            Self::Client(options, name) => {
                (options.connect(name, true, inside)?, options.timeout())
            }
        })
    }
}

/// Who does the cryptography.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(ring::default_provider()));
    PROVIDER.clone()
}
