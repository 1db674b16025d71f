//! Streams that are secured by TLS, and their handshakes.

use super::tls::Tls;
use super::{IOStream, Inner, Link, Transport};
use crate::coroutine::cancel_after;
use crate::ioloop::{Shared, Side, spawn};
use crate::tls::{Inside, Role, Session, TLSError};
use rustls::{CommonState, HandshakeKind};
use std::future::{Future, poll_fn};
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

impl IOStream {
    /// Makes a TLS connection of this one, on which both sides have agreed by then, as by STARTTLS. It returns when the handshake
    /// is done; the stream is the same, and what is read and written from now on is secured.
    ///
    /// ```no_run
    /// use gustnado::iostream::IOStream;
    /// use gustnado::tls::ClientOptions;
    ///
    /// # async fn example() -> gustnado::Result<()> {
    /// let stream = IOStream::connect(([127, 0, 0, 1], 25).into()).await?;
    /// stream.read_until(b"\r\n").await?;
    /// stream.write(b"STARTTLS\r\n").await?;
    /// stream.read_until(b"\r\n").await?;
    /// stream.start_tls((&ClientOptions::new(), "mail.example.com")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TLSError::NotIdle`], if the stream is reading, writing, or has received what nobody has read: then nothing has happened.
    /// [`TLSError::Options`] and [`TLSError::Name`], likewise. Any other error closes the stream.
    pub async fn start_tls(&self, role: impl Into<Role>) -> Result<(), TLSError> {
        self.secure(&role.into(), Inside::Anything)?;
        self.wait_for_handshake().await
    }

    /// Waits until the handshake of a TLS connection is done, which reads and writes do by themselves. Other streams have none.
    ///
    /// # Errors
    ///
    /// Why there is no connection.
    pub async fn wait_for_handshake(&self) -> Result<(), TLSError> {
        poll_fn(|cx| {
            match &*self.shared.link.borrow() {
                Some(link) => ready!(link.poll_secured(cx)),
                None => return Poll::Ready(Err(TLSError::of(self.error()))),
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Whether it is secured by TLS, or about to be.
    pub fn is_secure(&self) -> bool {
        self.transport(|transport| Ok(transport.is_secure())).unwrap_or(false)
    }

    /// What the other side has shown in the handshake: its certificate, and those of its authorities, as DER. `None` if it has shown
    /// none, the connection is not secured, or closed. Tornado's `get_ssl_certificate(binary_form=True)`.
    pub fn peer_certificates(&self) -> Option<Vec<Vec<u8>>> {
        self.agreed(|state| {
            let certificates = state.peer_certificates()?;
            Some(certificates.iter().map(|certificate| certificate.to_vec()).collect())
        })
    }

    /// What is spoken inside of TLS, if both sides have agreed on something (ALPN), such as `http/1.1`.
    pub fn alpn_protocol(&self) -> Option<Vec<u8>> {
        self.agreed(|state| state.alpn_protocol().map(<[u8]>::to_vec))
    }

    /// The version of TLS: `TLSv1_3` or `TLSv1_2`.
    pub fn tls_version(&self) -> Option<&'static str> {
        self.agreed(|state| state.protocol_version()?.as_str())
    }

    /// Whether the handshake has resumed an earlier session, which saves the certificates.
    pub fn is_resumed(&self) -> bool {
        self.agreed(CommonState::handshake_kind).is_some_and(|kind| kind == HandshakeKind::Resumed)
    }

    fn agreed<T>(&self, look: impl FnOnce(&CommonState) -> Option<T>) -> Option<T> {
        match &self.shared.link.borrow().as_ref()?.transport {
            Transport::Tls(tls) => look(tls.session().state()),
            _ => None,
        }
    }

    /// Secures an idle stream.
    pub(crate) fn secure(&self, role: &Role, inside: Inside) -> Result<(), TLSError> {
        let shared = &self.shared;
        if shared.reading.get() || shared.is_writing() || !self.peek(<[u8]>::is_empty) {
            return Err(TLSError::NotIdle);
        }
        let (session, timeout) = role.begin(inside)?;
        self.secure_with(session, timeout)
    }

    /// Secures a stream that is known to be idle.
    pub(crate) fn secure_with(&self, session: Session, timeout: Duration) -> Result<(), TLSError> {
        let Some(Link { registration, transport }) = self.shared.link.take() else {
            return Err(TLSError::of(self.error()));
        };
        let transport = Transport::Tls(Box::new(Tls::new(transport, session, timeout)));
        drop(self.shared.link.replace(Some(Link { registration, transport })));
        self.begin_handshake();
        Ok(())
    }

    /// Lets the handshake go on in the background, if there is one.
    pub(crate) fn begin_handshake(&self) {
        if let Some(handshake) = self.handshake() {
            drop(spawn(handshake));
        }
    }

    /// What brings the handshake to its end, if there is one, or the stream to its own.
    pub(crate) fn handshake(&self) -> Option<impl Future<Output = ()> + use<>> {
        match &self.shared.link.borrow().as_ref()?.transport {
            Transport::Tls(tls) if !tls.is_secured() => {
                Some(shake_hands(self.shared.clone(), tls.timeout()))
            }
            _ => None,
        }
    }
}

async fn shake_hands(shared: Shared<Inner>, timeout: Duration) {
    let done = cancel_after(timeout, poll_fn(|cx| shared.poll_handshake(cx))).await;
    if let Err(error) = done.unwrap_or_else(|_| Err(TLSError::Timeout.into())) {
        shared.tell(&error);
        shared.close(Some(error));
    }
}

impl Link {
    /// Ready when there is no handshake to be waited for.
    pub(super) fn poll_secured(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.transport {
            Transport::Tls(tls) => tls.poll_secured(cx),
            _ => Poll::Ready(()),
        }
    }
}

impl Inner {
    /// Goes on with the handshake; ready when it is done, or the stream is closed.
    fn poll_handshake(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let link = self.link.borrow();
        let Some(link) = &*link else { return Poll::Ready(Ok(())) };
        let Transport::Tls(tls) = &link.transport else { return Poll::Ready(Ok(())) };
        loop {
            let Some(side) = tls.shake_hands()? else { return Poll::Ready(Ok(())) };
            if side == Side::Write {
                link.registration.clear(Side::Write);
            }
            // Nothing is read that the loop has not heard of: it would not tell the reader of what follows the handshake.
            ready!(link.registration.poll(side, cx));
            if side == Side::Read {
                match tls.receive() {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        link.registration.clear(Side::Read);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    received => received?,
                }
            }
        }
    }

    /// Logs why a client is not served. Who only looks whether somebody listens is nothing to log.
    fn tell(&self, error: &io::Error) {
        let link = self.link.borrow();
        let Some(Link { transport: Transport::Tls(tls), .. }) = &*link else { return };
        if error.kind() == io::ErrorKind::BrokenPipe || !tls.session().is_server() {
            return;
        }
        let peer = tls.transport().peer_addr();
        let peer = peer.map_or(String::from("a client"), |peer| peer.to_string());
        tracing::info!(target: "gustnado.general", "TLS handshake with {peer} failed: {error}");
    }
}
