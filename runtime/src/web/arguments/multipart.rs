//! Forms with files, part by part.

use std::fmt;

use ::http::StatusCode;
use bytes::{Bytes, BytesMut};

use super::super::Context;
use super::body::{expect_type, refuse_coded};
use super::upload::{Fields, Upload};
use super::{FromRequest, body};
use crate::error::{HTTPError, Result};
use crate::http::{BodyStream, MultipartDecoder, PartHead, PartLimits, PartStep, Step};

/// A form with files, `multipart/form-data`, whose parts are read as they arrive: while nobody reads, the client has to wait.
///
/// The parts come in the order in which the client sent them. Each is read piece by piece ([`Part::chunk`]), as a text
/// ([`Part::text`]), or into a temporary file ([`Part::upload`]); what is not read of it is skipped. [`collect`](Self::collect) does
/// that for all of them.
///
/// | limit | default | beyond it |
/// | --- | --- | --- |
/// | the whole body: `max_body_size` of the route | the application's | 413 |
/// | [one field](Self::limit) | none | 413 |
/// | [what is held in memory](Self::memory_limit), as texts | 1 MiB | 413 |
/// | [parts, and the headers of each](Self::part_limits) | 100, and 10 KiB | 400 |
///
/// A form that breaks a rule is a 400, a body of another type a 415. A field's error names it.
///
/// ```
/// use gustnado::prelude::*;
///
/// #[post("/pictures", max_body_size = 10_000_000)]
/// async fn pictures(mut form: Multipart) -> Result<String> {
///     let mut answer = String::new();
///     while let Some(part) = form.next().await? {
///         match part.filename() {
///             Some(_) => {
///                 let picture = part.upload().await?;
///                 answer += &format!("{} bytes; ", picture.len());
///             }
///             None => answer += &format!("{}; ", part.text().await?),
///         }
///     }
///     Ok(answer)
/// }
/// # let _ = routes![pictures];
/// ```
pub struct Multipart {
    body: BodyStream,
    decoder: MultipartDecoder,
    /// Has arrived, and was not decoded.
    rest: Bytes,
    limits: Vec<(String, u64)>,
    memory: u64,
    /// Whether a part has begun and not ended.
    in_part: bool,
}

/// What texts of one form may hold in memory, unless something else is set.
const MEMORY: u64 = 1024 * 1024;

impl Multipart {
    fn new(cx: &Context) -> Result<Self> {
        expect_type(cx, "multipart/form-data", |essence| {
            essence.eq_ignore_ascii_case("multipart/form-data")
        })?;
        refuse_coded(cx)?;
        let content_type = cx.header_bytes("content-type").unwrap_or_default();
        let mut body = cx.body_stream();
        body.set_limit(cx.body_limit())?;
        Ok(Self {
            body,
            decoder: MultipartDecoder::new(content_type, PartLimits::default())?,
            rest: Bytes::new(),
            limits: Vec::new(),
            memory: MEMORY,
            in_part: false,
        })
    }

    /// Lets parts of this name be `bytes` long, each.
    pub fn limit(&mut self, name: impl Into<String>, bytes: u64) -> &mut Self {
        self.limits.push((name.into(), bytes));
        self
    }

    /// Lets the texts of the form hold `bytes` of memory together, instead of 1 MiB.
    pub fn memory_limit(&mut self, bytes: u64) -> &mut Self {
        self.memory = bytes;
        self
    }

    /// Sets how many parts there may be, and how long the headers of each.
    pub fn part_limits(&mut self, limits: PartLimits) -> &mut Self {
        self.decoder.set_limits(limits);
        self
    }

    /// The next part, after what is left of the one before was skipped; `None` at the end of the form.
    ///
    /// # Errors
    ///
    /// A 400 or 413: the form breaks a rule or a limit. A 408, or the client has left.
    pub async fn next(&mut self) -> Result<Option<Part<'_>>> {
        while self.in_part {
            self.data().await?;
        }
        let Some(Step::Part(head)) = self.step().await? else { return Ok(None) };
        self.in_part = true;
        let limits = self.limits.iter().rev();
        let limit = limits.filter(|(name, _)| name == head.name()).map(|(_, bytes)| *bytes).next();
        Ok(Some(Part { form: self, head, limit, read: 0 }))
    }

    /// Reads the whole form: its texts into memory, its files into memory while they are short and into temporary files
    /// beyond that.
    ///
    /// # Errors
    ///
    /// Those of [`next`](Self::next), [`Part::text`] and [`Part::upload`].
    pub async fn collect(&mut self) -> Result<Fields> {
        let mut fields = Fields::default();
        while let Some(part) = self.next().await? {
            let name = part.name().to_owned();
            match part.filename() {
                Some(_) => fields.add_file(name, part.upload().await?),
                None => fields.add_text(name, part.text().await?),
            }
        }
        Ok(fields)
    }

    /// The next bytes of the part that has begun; `None` at its end.
    async fn data(&mut self) -> Result<Option<Bytes>> {
        match self.step().await? {
            Some(Step::Data(range)) => {
                let data = self.rest.slice(range.clone());
                self.rest = self.rest.slice(range.end..);
                Ok(Some(data))
            }
            _ => {
                self.in_part = false;
                Ok(None)
            }
        }
    }

    /// The next thing in the form; `None` at its end. Data is left where it lies, for the caller to take.
    async fn step(&mut self) -> Result<Option<Step>> {
        loop {
            let PartStep { consumed, step } = self.decoder.decode(&self.rest)?;
            match step {
                // Nothing is taken behind the data.
                Step::Data(_) => return Ok(Some(step)),
                Step::Part(_) | Step::PartEnd => {
                    self.rest = self.rest.slice(consumed..);
                    return Ok(Some(step));
                }
                Step::More | Step::End => self.rest = self.rest.slice(consumed..),
            }
            // Also behind the end: the connection goes on with what follows the body.
            let Some(piece) = self.body.next().await else {
                self.decoder.finish()?;
                return Ok(None);
            };
            let piece = piece?;
            if self.rest.is_empty() {
                self.rest = piece;
            } else {
                let mut both = BytesMut::with_capacity(self.rest.len() + piece.len());
                both.extend_from_slice(&self.rest);
                both.extend_from_slice(&piece);
                self.rest = both.freeze();
            }
        }
    }
}

impl<'r> FromRequest<'r> for Multipart {
    const BODY: bool = true;
    const STREAMS: bool = true;

    fn is_absent(cx: &'r Context) -> bool {
        body::is_bodiless(cx)
    }

    async fn from_request(cx: &'r Context) -> Result<Self> {
        Self::new(cx)
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multipart").finish_non_exhaustive()
    }
}

/// One part of a [`Multipart`] form: a field, or a file.
pub struct Part<'m> {
    form: &'m mut Multipart,
    head: PartHead,
    limit: Option<u64>,
    read: u64,
}

impl Part<'_> {
    /// The name of the field.
    pub fn name(&self) -> &str {
        self.head.name()
    }

    /// The name of the file where it comes from, if it is one: see [`PartHead::filename`].
    pub fn filename(&self) -> Option<&str> {
        self.head.filename()
    }

    /// The type that the client says it has.
    pub fn content_type(&self) -> Option<&str> {
        self.head.content_type()
    }

    /// All that it says about itself.
    pub fn head(&self) -> &PartHead {
        &self.head
    }

    /// The next bytes, as they arrive; `None` at the end of the part.
    ///
    /// # Errors
    ///
    /// Those of [`Multipart::next`]; a 413 that names the field, if it is longer than [it may be](Multipart::limit).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if !self.form.in_part {
            return Ok(None);
        }
        let chunk = self.form.data().await?;
        self.read += chunk.as_ref().map_or(0, Bytes::len) as u64;
        match self.limit {
            Some(limit) if self.read > limit => Err(too_long(self.name(), limit)),
            _ => Ok(chunk),
        }
    }

    /// The whole part, in memory.
    ///
    /// # Errors
    ///
    /// Those of [`chunk`](Self::chunk); a 413 if the form holds more [memory](Multipart::memory_limit) than it may.
    pub async fn bytes(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            let Some(left) = self.form.memory.checked_sub(chunk.len() as u64) else {
                let reason = format!("form field {}: the form's texts are too long", self.name());
                let error = HTTPError::new(StatusCode::PAYLOAD_TOO_LARGE);
                return Err(error.with_reason(reason).into());
            };
            self.form.memory = left;
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// The whole part, as text.
    ///
    /// # Errors
    ///
    /// Those of [`bytes`](Self::bytes); a 400 if it is not UTF-8.
    pub async fn text(self) -> Result<String> {
        let name = self.name().to_owned();
        String::from_utf8(self.bytes().await?)
            .map_err(|_| body::bad_request(format!("form field {name}: not UTF-8")))
    }

    /// The whole part: in memory as long as it is short, in a temporary file beyond that.
    ///
    /// # Errors
    ///
    /// Those of [`chunk`](Self::chunk); a 500 if the file cannot be written.
    pub async fn upload(mut self) -> Result<Upload> {
        let mut upload = Upload::new(self.head.clone());
        while let Some(chunk) = self.chunk().await? {
            upload.write(chunk).await?;
        }
        upload.finish().await
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("head", &self.head).finish_non_exhaustive()
    }
}

#[cold]
fn too_long(name: &str, limit: u64) -> crate::Error {
    HTTPError::new(StatusCode::PAYLOAD_TOO_LARGE)
        .with_reason(format!("form field {name}: longer than {limit} bytes"))
        .into()
}
