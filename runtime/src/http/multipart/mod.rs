//! Forms with files, as they arrive: `multipart/form-data`. RFC 7578, RFC 2046 §5.1.

mod decoder;
mod parameters;

pub use self::decoder::{MultipartDecoder, PartStep, Step};
pub(super) use self::parameters::escape;

use self::parameters::Parameters;
use super::class::trim;
use super::field::Field;
use super::violation::Violation;
use std::fmt;

/// Why a form cannot be read: the rule that it breaks.
///
/// Each is answered with 400, as in Tornado. The texts hold nothing of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MultipartError {
    /// The Content-Type names no boundary, or one that is not 1 to 70 visible characters. RFC 2046 §5.1.1.
    Boundary,
    /// What follows a boundary is neither a new line nor the end. RFC 2046 §5.1.1.
    Delimiter,
    /// The body ends before the boundary that closes the form. RFC 2046 §5.1.1.
    Unterminated,
    /// A header of a part breaks a rule that holds for all headers.
    Header(Violation),
    /// The headers of a part are longer than [`PartLimits::header_bytes`].
    HeadersTooLarge,
    /// There are more parts than [`PartLimits::parts`].
    TooManyParts,
    /// A part has no Content-Disposition, or more than one. RFC 7578 §4.2.
    DispositionMissing,
    /// The Content-Disposition is not `form-data` with well-formed parameters. RFC 7578 §4.2.
    Disposition,
    /// A part has no name. RFC 7578 §4.2.
    NameMissing,
    /// A name is not UTF-8. RFC 7578 §5.1.
    NotText,
    /// A part is encoded once more, which was given up long ago. RFC 7578 §4.7.
    TransferEncoding,
}

impl fmt::Display for MultipartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boundary => "the form's Content-Type has no valid boundary",
            Self::Delimiter => "malformed boundary in the form",
            Self::Unterminated => "the form is not complete",
            Self::Header(violation) => return write!(f, "in a part of the form: {violation}"),
            Self::HeadersTooLarge => "the headers of a part of the form are too large",
            Self::TooManyParts => "the form has too many parts",
            Self::DispositionMissing => "a part of the form needs one Content-Disposition",
            Self::Disposition => "malformed Content-Disposition in a part of the form",
            Self::NameMissing => "a part of the form has no name",
            Self::NotText => "a name in the form is not UTF-8",
            Self::TransferEncoding => "a part of the form has a Content-Transfer-Encoding",
        })
    }
}

impl std::error::Error for MultipartError {}

/// What a form must stay within, besides the [limit of the body](super::Limits::body). The defaults are Tornado's.
///
/// ```
/// use gustnado::http::PartLimits;
///
/// let limits = PartLimits { parts: 10, ..PartLimits::default() };
/// assert_eq!(limits.header_bytes, 10 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartLimits {
    /// How many parts there may be. Default 100.
    pub parts: usize,
    /// Bytes of the headers of one part. Default 10 KiB.
    pub header_bytes: usize,
}

impl Default for PartLimits {
    fn default() -> Self {
        Self { parts: 100, header_bytes: 10 * 1024 }
    }
}

/// What a part of a form says about itself.
#[derive(Clone, PartialEq, Eq)]
pub struct PartHead {
    name: String,
    filename: Option<String>,
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

impl PartHead {
    /// The name of the field.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name that the file has where it comes from, if the part is a file; a `filename*` wins.
    ///
    /// It is what the client says: it may be empty, and may look like a path, so it is nothing to open or to create a file by.
    pub fn filename(&self) -> Option<&str> {
        self.filename.as_deref()
    }

    /// The Content-Type; a part without one is text. RFC 7578 §4.4.
    pub fn content_type(&self) -> Option<&str> {
        std::str::from_utf8(self.header("content-type")?).ok()
    }

    /// The first header of that name, in any case of letters.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = move |field: &&Field| {
            field.name.bytes(&self.bytes).eq_ignore_ascii_case(name.as_bytes())
        };
        self.fields.iter().filter(named).map(|field| field.value.bytes(&self.bytes))
    }

    /// Reads a complete section of header lines, which have valid syntax.
    fn new(bytes: Vec<u8>, fields: Vec<Field>) -> Result<Self, MultipartError> {
        let mut head = Self { name: String::new(), filename: None, bytes, fields };
        let disposition = {
            let mut all = head.values("content-disposition");
            let (Some(only), None) = (all.next(), all.next()) else {
                return Err(MultipartError::DispositionMissing);
            };
            Disposition::parse(only)?
        };
        let identity = |coding: &[u8]| {
            [&b"7bit"[..], b"8bit", b"binary"].contains(&&*coding.to_ascii_lowercase())
        };
        if !head.values("content-transfer-encoding").all(identity) {
            return Err(MultipartError::TransferEncoding);
        }
        (head.name, head.filename) = (disposition.name, disposition.filename);
        Ok(head)
    }
}

impl fmt::Debug for PartHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartHead")
            .field("name", &self.name)
            .field("filename", &self.filename)
            .finish_non_exhaustive()
    }
}

struct Disposition {
    name: String,
    filename: Option<String>,
}

impl Disposition {
    fn parse(value: &[u8]) -> Result<Self, MultipartError> {
        let (kind, parameters) = split(value);
        if !kind.eq_ignore_ascii_case(b"form-data") {
            return Err(MultipartError::Disposition);
        }
        let (mut name, mut filename, mut extended) = (None, None, None);
        for parameter in Parameters::new(parameters) {
            let parameter = parameter.map_err(|_| MultipartError::Disposition)?;
            let (place, text) = match &*parameter.name.to_ascii_lowercase() {
                b"name" => (&mut name, parameter.form_text()),
                b"filename" => (&mut filename, parameter.form_text()),
                b"filename*" => (&mut extended, parameter.extended_text()),
                _ => continue,
            };
            if place.replace(text.ok_or(MultipartError::NotText)?).is_some() {
                return Err(MultipartError::Disposition);
            }
        }
        Ok(Self { name: name.ok_or(MultipartError::NameMissing)?, filename: extended.or(filename) })
    }
}

/// The boundary that a Content-Type names.
fn boundary(content_type: &[u8]) -> Option<Vec<u8>> {
    let (_, parameters) = split(content_type);
    let mut found = None;
    for parameter in Parameters::new(parameters) {
        let parameter = parameter.ok()?;
        if parameter.name.eq_ignore_ascii_case(b"boundary")
            && found.replace(parameter.value()).is_some()
        {
            return None;
        }
    }
    let valid = |boundary: &Vec<u8>| {
        (1..=70).contains(&boundary.len())
            && boundary.iter().all(|byte| matches!(byte, b' '..=b'~'))
            && !boundary.ends_with(b" ")
    };
    found.filter(valid)
}

/// What stands before the parameters of a header's value, and those.
fn split(value: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b';', value).unwrap_or(value.len());
    (trim(&value[..end]), &value[end..])
}

#[cfg(test)]
mod tests;
