//! The traits by which other libraries read and write: tokio's and futures', so that codecs, TLS and database drivers run on an
//! [`IOStream`] unchanged.
//!
//! They share the stream's buffers with its own methods. Reading the end does not close the stream, as they know half-closed
//! ones; and what one of their writes has accepted has reached the system, or, inside of TLS, is on its way there.

use super::IOStream;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

impl IOStream {
    fn poll_foreign_read(&self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        if into.is_empty() {
            return Poll::Ready(Ok(0));
        }
        // Not for longer than this call: who drops a read of these traits tells nobody.
        let _reading = match self.begin_read() {
            Ok(reading) => reading,
            Err(error) => return Poll::Ready(Err(error.into())),
        };
        self.shared.poll_read(cx, into).map_err(io::Error::from)
    }

    fn poll_foreign_write(
        &self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(self.shared.poll_write(cx, pieces)).map_err(io::Error::from);
        self.keep_sending();
        Poll::Ready(written)
    }

    fn poll_foreign_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.flush()).poll(cx).map_err(io::Error::from)
    }

    fn poll_foreign_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_foreign_flush(cx))?;
        Poll::Ready(match self.shutdown() {
            // A pipe has no half to close, and ends when it is dropped.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
            done => done,
        })
    }
}

#[cfg(feature = "tokio")]
mod tokio {
    use super::*;
    use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    impl AsyncRead for IOStream {
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            into: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let count = ready!(self.poll_foreign_read(cx, into.initialize_unfilled()))?;
            into.advance(count);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for IOStream {
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.poll_foreign_write(cx, &[IoSlice::new(bytes)])
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            pieces: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.poll_foreign_write(cx, pieces)
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.poll_foreign_flush(cx)
        }

        fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.poll_foreign_shutdown(cx)
        }
    }
}

#[cfg(feature = "futures-io")]
mod futures {
    use super::*;
    use futures_io::{AsyncRead, AsyncWrite};

    impl AsyncRead for IOStream {
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            into: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            self.poll_foreign_read(cx, into)
        }
    }

    impl AsyncWrite for IOStream {
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.poll_foreign_write(cx, &[IoSlice::new(bytes)])
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            pieces: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.poll_foreign_write(cx, pieces)
        }

        fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.poll_foreign_flush(cx)
        }

        fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.poll_foreign_shutdown(cx)
        }
    }
}
