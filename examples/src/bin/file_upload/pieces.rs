//! A file, piece by piece.

use bytes::Bytes;
use futures_core::Stream;
use gustnado::http::Body;
use gustnado::ioloop::Frame;
use gustnado::prelude::*;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

/// How long a piece is.
const PIECE: u64 = 64 * 1024;

/// A file as a body: a piece is read, on another thread, when the one before was taken.
pub(crate) async fn body(path: &Path) -> Result<Body> {
    let owned = path.to_owned();
    let open = move || {
        let file = File::open(owned)?;
        let length = file.metadata()?.len();
        std::io::Result::Ok((file, length))
    };
    let (file, length) =
        run_in_executor(open).await?.with_context(|| path.display().to_string())?;
    // Should it grow meanwhile, what was promised is what is sent.
    Ok(Body::sized_stream(length, Pieces(Some(read(file, length)))))
}

type Reading = Frame<Result<(Vec<u8>, File, u64)>>;

/// What is being read; `None` behind the end.
struct Pieces(Option<Reading>);

/// Reads the next piece of a file that has `left` more bytes.
fn read(mut file: File, left: u64) -> Reading {
    Frame::new(async move {
        let read = move || {
            let mut piece = Vec::new();
            (&mut file).take(left.min(PIECE)).read_to_end(&mut piece)?;
            let left = left - piece.len() as u64;
            std::io::Result::Ok((piece, file, left))
        };
        Ok(run_in_executor(read).await??)
    })
}

impl Stream for Pieces {
    type Item = Result<Bytes, Box<dyn std::error::Error>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let Some(reading) = &mut self.0 else { return Poll::Ready(None) };
        let result = ready!(Pin::new(reading).poll(cx));
        self.0 = None;
        Poll::Ready(match result {
            Ok((piece, ..)) if piece.is_empty() => None,
            Ok((piece, file, left)) => {
                self.0 = Some(read(file, left));
                Some(Ok(piece.into()))
            }
            Err(error) => Some(Err(error.into())),
        })
    }
}
