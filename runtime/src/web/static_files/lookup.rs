//! From a path to a file. All of this may wait for a disk, so it is for the executor's threads.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::content_type::{content_type, is_worth_compressing};
use crate::http::{ContentType, HTTPDate, takes_coding};
use crate::web::Context;

/// Files up to here are read at once, and may be kept.
const SMALL: u64 = 1024 * 1024;

/// A folder that nothing outside of it is served from.
pub(super) struct Folder {
    /// Without links in it.
    root: PathBuf,
    default_filename: Option<String>,
}

/// A file that was found.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) content: Content,
    pub(super) length: u64,
    pub(super) etag: Arc<str>,
    pub(super) modified: HTTPDate,
    pub(super) content_type: ContentType,
    pub(super) coding: Option<Coding>,
    /// Whether somebody else may get another coding.
    pub(super) varies: bool,
}

#[derive(Clone)]
pub(super) enum Content {
    Whole(Bytes),
    /// To be read piece by piece.
    Open(Arc<File>),
}

/// Why no file is served.
#[derive(Debug)]
pub(super) enum Failure {
    Missing,
    /// It has a default file, and its path wants a slash at its end.
    IsFolder,
    /// The reason is for the log.
    Forbidden(&'static str),
    Broken(io::Error),
}

/// How a file was compressed beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Zstd,
    Gzip,
}

/// Some codings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Codings(u8);

impl Codings {
    /// So many sets of codings there are.
    pub(super) const SETS: usize = 1 << Coding::ALL.len();

    /// Those that the client takes.
    pub(super) fn accepted(cx: &Context) -> Self {
        let Some(header) = cx.header("accept-encoding") else { return Self::default() };
        let takes = |coding: Coding| takes_coding(header, coding.name()).any(|taken| taken);
        let bits = Coding::ALL.into_iter().filter(|coding| takes(*coding));
        Self(bits.fold(0, |bits, coding| bits | coding.bit()))
    }

    fn has(self, coding: Coding) -> bool {
        self.0 & coding.bit() != 0
    }

    /// The number of this set.
    pub(super) fn number(self) -> usize {
        usize::from(self.0)
    }
}

impl Coding {
    /// The best first.
    const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    fn bit(self) -> u8 {
        1 << self as u8
    }

    /// What Content-Encoding calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstd => ".zst",
            Self::Gzip => ".gz",
        }
    }
}

impl Found {
    /// The file, if all of it is in memory.
    pub(super) fn small(&self) -> Option<Self> {
        matches!(self.content, Content::Whole(_)).then(|| self.clone())
    }
}

impl Folder {
    pub(super) fn open(root: &Path, default_filename: Option<String>) -> io::Result<Self> {
        let root = root.canonicalize()?;
        if !root.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(Self { root, default_filename })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn default_filename(&self) -> Option<&str> {
        self.default_filename.as_deref()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.root.join(name).is_file()
    }

    /// The file of a path, which is decoded and has no slash in front.
    pub(super) fn find(&self, path: &str, codings: Codings) -> Result<Found, Failure> {
        let mut names = path.to_owned();
        let ends_with_slash = path.is_empty() || path.ends_with('/');
        if ends_with_slash {
            names.push_str(self.default_filename.as_deref().ok_or(Failure::Missing)?);
        }
        check(&names)?;
        let file = self.inside(&names)?;
        let metadata = fs::metadata(&file).map_err(failure)?;
        if metadata.is_dir() {
            return match &self.default_filename {
                Some(_) if !ends_with_slash => Err(Failure::IsFolder),
                _ => Err(Failure::Missing),
            };
        }
        let content_type = content_type(&names);
        if !is_worth_compressing(&content_type) {
            return read(&file, content_type, None, false);
        }
        let mut varies = false;
        for coding in Coding::ALL {
            let Ok(sibling) = self.inside(&format!("{names}{}", coding.suffix())) else { continue };
            varies = true;
            if codings.has(coding)
                && let Ok(found) = read(&sibling, content_type.clone(), Some(coding), true)
            {
                return Ok(found);
            }
        }
        read(&file, content_type, None, varies)
    }

    /// Where a path leads, all links followed, if that is still inside.
    fn inside(&self, names: &str) -> Result<PathBuf, Failure> {
        let path = self.root.join(names).canonicalize().map_err(|error| match failure(error) {
            // Links in a circle, for one.
            Failure::Broken(_) => Failure::Forbidden("cannot be followed"),
            known => known,
        })?;
        // By components: `/static_secret` is not inside of `/static`.
        if path.starts_with(&self.root) {
            Ok(path)
        } else {
            Err(Failure::Forbidden("leads outside"))
        }
    }
}

/// Refuses names that are no names of files below.
fn check(names: &str) -> Result<(), Failure> {
    // A backslash separates, and a colon names drives and streams, on some systems.
    if names.bytes().any(|byte| byte.is_ascii_control() || byte == b'\\' || byte == b':') {
        return Err(Failure::Forbidden("has a character that no name should"));
    }
    for name in names.split('/') {
        match name {
            "" | "." | ".." => return Err(Failure::Forbidden("is no plain path")),
            ".well-known" => {}
            hidden if hidden.starts_with('.') => return Err(Failure::Missing),
            device if cfg!(windows) && is_device(device) => return Err(Failure::Missing),
            _ => {}
        }
    }
    Ok(())
}

/// Whether Windows takes a name for a device, wherever it stands and however it ends.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ');
    let is_numbered = |kind: &str| {
        let number = stem.get(kind.len()..).unwrap_or_default();
        stem.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind))
            && number.chars().count() == 1
            && number
                .chars()
                .all(|digit| digit.is_ascii_digit() || "\u{b9}\u{b2}\u{b3}".contains(digit))
    };
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
        .iter()
        .any(|device| stem.eq_ignore_ascii_case(device))
        || is_numbered("com")
        || is_numbered("lpt")
        || name.ends_with([' ', '.'])
}

fn read(
    path: &Path,
    content_type: ContentType,
    coding: Option<Coding>,
    varies: bool,
) -> Result<Found, Failure> {
    // To open a pipe could wait for ever, so it is looked at before.
    if !fs::metadata(path).map_err(failure)?.is_file() {
        return Err(Failure::Forbidden("is no file"));
    }
    let mut file = File::open(path).map_err(failure)?;
    let metadata = file.metadata().map_err(Failure::Broken)?;
    let length = metadata.len();
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let nanos = modified.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let suffix = coding.map_or("", Coding::suffix);
    let etag = format!("\"{nanos:x}-{length:x}{suffix}\"").into();
    let content = if length <= SMALL {
        let mut bytes = Vec::with_capacity(length as usize);
        file.by_ref().take(length).read_to_end(&mut bytes).map_err(Failure::Broken)?;
        if bytes.len() as u64 != length {
            return Err(Failure::Broken(ErrorKind::UnexpectedEof.into()));
        }
        Content::Whole(bytes.into())
    } else {
        Content::Open(Arc::new(file))
    };
    Ok(Found { content, length, etag, modified: modified.into(), content_type, coding, varies })
}

/// What the system's refusal means to a client.
fn failure(error: io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidFilename => Failure::Missing,
        ErrorKind::PermissionDenied => Failure::Forbidden("must not be read"),
        _ => Failure::Broken(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_the_only_ones() {
        for names in ["a", "a/b.css", "a b", "\u{e9}", "..a", ".well-known/x", "a..b", "CON", "~"] {
            // Names that begin with a dot are hidden, but no way out.
            let is_plain = !matches!(check(names), Err(Failure::Forbidden(_)));
            assert!(is_plain, "{names}");
        }
        for names in [
            "",
            ".",
            "..",
            "/",
            "a/",
            "/a",
            "a//b",
            "./a",
            "a/.",
            "../a",
            "a/..",
            "a/../b",
            "a\0",
            "a\\b",
            "..\\a",
            "C:",
            "c:/windows",
            "a::$DATA",
            "a\n",
            "a\u{7f}",
        ] {
            assert!(matches!(check(names), Err(Failure::Forbidden(_))), "{names:?}");
        }
        for names in [".git/config", "a/.env", ".htaccess"] {
            assert!(matches!(check(names), Err(Failure::Missing)), "{names}");
        }
    }

    #[test]
    fn devices_are_known_however_they_are_written() {
        for name in [
            "CON",
            "con",
            "Aux.txt",
            "NUL",
            "prn.a.b",
            "COM1",
            "lpt9.x",
            "COM\u{b9}",
            "nul ",
            "a.",
            "a ",
        ] {
            assert!(is_device(name), "{name}");
        }
        for name in ["console", "com", "com10", "lpt", "auxiliary.js", "null", "a.con"] {
            assert!(!is_device(name), "{name}");
        }
    }
}
