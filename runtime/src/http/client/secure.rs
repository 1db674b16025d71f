//! TLS for `https`.

use super::errors::HTTPClientError;
use crate::iostream::IOStream;
use crate::tls::{ClientOptions, Inside};

/// What a request says about TLS.
#[derive(Clone, Debug, Default)]
pub(super) struct Secure {
    pub(super) options: Option<ClientOptions>,
    pub(super) validate: Option<bool>,
}

/// What a client says about it, for all of its requests that do not.
#[derive(Clone, Debug)]
pub(super) struct Usual {
    pub(super) options: ClientOptions,
    pub(super) validate: bool,
}

impl Default for Usual {
    fn default() -> Self {
        Self { options: ClientOptions::new(), validate: true }
    }
}

impl Secure {
    /// What tells connections apart of which one is trusted more than the other, or in whose name another one is made.
    pub(super) fn key(&self) -> (Option<u64>, Option<bool>) {
        (self.options.as_ref().map(ClientOptions::identity), self.validate)
    }

    /// Another origin is asked: who we are was not meant for that.
    pub(super) fn leave_origin(&mut self) {
        self.options = self.options.take().map(ClientOptions::without_certificate);
    }

    /// Secures a connection to a server of this name.
    pub(super) async fn handshake(
        &self,
        stream: &IOStream,
        host: &str,
        usual: &Usual,
    ) -> Result<(), HTTPClientError> {
        let options = self.options.as_ref().unwrap_or(&usual.options);
        let validate = self.validate.unwrap_or(usual.validate);
        let session =
            options.connect(host, validate, Inside::Http).map_err(HTTPClientError::TLS)?;
        stream.secure_with(session, options.timeout()).map_err(HTTPClientError::TLS)?;
        stream.wait_for_handshake().await.map_err(HTTPClientError::TLS)
    }
}
