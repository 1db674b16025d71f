//! What HTTP makes of a file: RFC 9110, sections 13 and 14.

use std::error::Error;
use std::fs::File;
use std::future::Future;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Polling, Poll, ready};
use std::time::SystemTime;

use ::http::{Method, StatusCode};
use bytes::Bytes;
use futures_core::Stream;

use super::lookup::{Content, Found};
use super::urls::StaticUrls;
use crate::error::Result;
use crate::http::{Body, HTTPDate, Response};
use crate::ioloop::{Execution, run_in_executor};
use crate::web::conditional::is_fresh;
use crate::web::{Context, Respond};

/// So much of a large file is read at once.
const PIECE: u64 = 256 * 1024;

/// What a client keeps that has asked for a version.
const TEN_YEARS: &str = "max-age=315360000, immutable";

pub(super) fn answer(cx: &Context, found: Found) -> Response {
    respond(cx, found).unwrap_or_else(|error| error.respond(cx))
}

fn respond(cx: &Context, found: Found) -> Result<Response> {
    let mut response = Response::new(StatusCode::OK);
    let headers = response.headers_mut();
    headers.append("Etag", &*found.etag)?;
    headers.append("Last-Modified", found.modified.imf_fixdate())?;
    if found.varies {
        headers.append("Vary", "Accept-Encoding")?;
    }
    if is_versioned(cx) {
        headers.append("Cache-Control", TEN_YEARS)?;
    }
    if is_fresh(cx, Some(found.etag.as_bytes()), Some(found.modified)) {
        return Ok(response.with_status(StatusCode::NOT_MODIFIED));
    }
    let headers = response.headers_mut();
    headers.append("Accept-Ranges", "bytes")?;
    if let Some(coding) = found.coding {
        headers.append("Content-Encoding", coding.name())?;
    }
    let length = found.length;
    let (start, end) = match range(cx, &found) {
        Range::Whole => (0, length),
        Range::Part(start, end) => {
            let value = format!("bytes {start}-{}/{length}", end - 1);
            response = response
                .with_status(StatusCode::PARTIAL_CONTENT)
                .with_header("Content-Range", value)?;
            (start, end)
        }
        Range::Unsatisfiable => {
            let response = response.with_status(StatusCode::RANGE_NOT_SATISFIABLE);
            return Ok(response.with_header("Content-Range", format!("bytes */{length}"))?);
        }
    };
    let body = match found.content {
        Content::Whole(bytes) => Body::from(bytes.slice(start as usize..end as usize)),
        // What nobody gets is not read.
        Content::Open(_) if *cx.method() == Method::HEAD => {
            Body::sized_stream(end - start, Pieces::new(None, 0, 0))
        }
        Content::Open(file) => Body::sized_stream(end - start, Pieces::new(Some(file), start, end)),
    };
    Ok(response.with_content_type(found.content_type).with_body(body))
}

/// Whether the file was asked for by the version that it has. Another one may come from a server that is a step ahead, and what this
/// one has must not be kept under that name.
fn is_versioned(cx: &Context) -> bool {
    let Some(version) = cx.query().and_then(|query| query.strip_prefix("v=")) else { return false };
    cx.provided::<StaticUrls>().is_some_and(|urls| urls.is_version(cx.path(), version))
}

/// The part of a file that is wanted: from the first byte to the one behind the last.
enum Range {
    Whole,
    Part(u64, u64),
    Unsatisfiable,
}

/// Reads Range. One that is malformed, that has several parts, or that does not concern GET, is as if it were not there.
fn range(cx: &Context, found: &Found) -> Range {
    if *cx.method() != Method::GET || !is_same_as_before(cx, found) {
        return Range::Whole;
    }
    let parsed = cx.header("range").and_then(parse);
    let length = found.length;
    match parsed {
        None => Range::Whole,
        Some((None, Some(0))) => Range::Unsatisfiable,
        Some((None, Some(last))) if last < length => Range::Part(length - last, length),
        Some((None, _)) => Range::Whole,
        Some((Some(start), last)) => {
            let end = last.map_or(length, |last| last.saturating_add(1).min(length));
            match start {
                _ if start >= end => Range::Unsatisfiable,
                0 if end == length => Range::Whole,
                _ => Range::Part(start, end),
            }
        }
    }
}

/// The first and the last byte; without the first, the number of last ones.
fn parse(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = header.split_once('=')?;
    if !unit.trim_matches([' ', '\t']).eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| {
        let text = text.trim_matches([' ', '\t']);
        match text {
            "" => Some(None),
            // One too large to be told is behind every file.
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(Some(text.parse().unwrap_or(u64::MAX)))
            }
            _ => None,
        }
    };
    match (number(first)?, number(last)?) {
        (None, None) => None,
        range => Some(range),
    }
}

/// Whether If-Range, if there is one, names the file as it is: a part of another one would not fit to what the client has.
fn is_same_as_before(cx: &Context, found: &Found) -> bool {
    cx.header("if-range").is_none_or(|condition| {
        condition == &*found.etag
            || HTTPDate::parse(condition, SystemTime::now())
                .is_some_and(|date| date == found.modified)
    })
}

/// A part of a file that is read while it is sent, by threads that may wait for a disk.
struct Pieces {
    file: Option<Arc<File>>,
    at: u64,
    end: u64,
    reading: Option<Execution<io::Result<Bytes>>>,
}

impl Pieces {
    fn new(file: Option<Arc<File>>, start: u64, end: u64) -> Self {
        Self { file, at: start, end, reading: None }
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, Box<dyn Error>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Polling<'_>) -> Poll<Option<Self::Item>> {
        let Self { file, at, end, reading } = &mut *self;
        let Some(file) = file.as_ref().filter(|_| at < end) else { return Poll::Ready(None) };
        let count = PIECE.min(*end - *at);
        let job = reading.get_or_insert_with(|| {
            let (file, start) = (file.clone(), *at);
            run_in_executor(move || read_at(&file, start, count))
        });
        let read = ready!(Pin::new(job).poll(cx));
        *reading = None;
        *at += count;
        Poll::Ready(Some(match read {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => Err(error.into()),
            Err(error) => Err(error.into()),
        }))
    }
}

/// Reads exactly so many bytes. Nobody else reads this file, so its position is ours.
fn read_at(mut file: &File, start: u64, count: u64) -> io::Result<Bytes> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::with_capacity(count as usize);
    file.take(count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == count {
        Ok(bytes.into())
    } else {
        Err(ErrorKind::UnexpectedEof.into())
    }
}
