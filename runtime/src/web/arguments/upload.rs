//! The fields of a whole form, and the temporary files of those that are files.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::hash::BuildHasher;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Deserialize;

use super::body::bad_argument;
use super::form;
use crate::error::{Result, WithContext};
use crate::http::PartHead;
use crate::ioloop::run_in_executor;

/// All fields of a form, made by [`Multipart::collect`](super::Multipart::collect), in the order in which they were sent.
///
/// ```
/// use gustnado::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Entry {
///     title: String,
///     tags: Vec<String>,
/// }
///
/// #[post("/entry")]
/// async fn entry(mut form: Multipart) -> Result<String> {
///     let fields = form.collect().await?;
///     let Entry { title, tags } = fields.read()?;
///     let bytes = fields.file("picture").map_or(0, |file| file.len());
///     Ok(format!("{title} with {} tags and {bytes} bytes", tags.len()))
/// }
/// # let _ = routes![entry];
/// ```
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, Value)>);

#[derive(Debug)]
enum Value {
    Text(String),
    File(Upload),
}

impl Fields {
    pub(super) fn add_text(&mut self, name: String, text: String) {
        self.0.push((name, Value::Text(text)));
    }

    pub(super) fn add_file(&mut self, name: String, file: Upload) {
        self.0.push((name, Value::File(file)));
    }

    /// The last text of that name, as in Tornado.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts().filter(|(other, _)| *other == name).last().map(|(_, text)| text)
    }

    /// The names and values of all texts.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| match value {
            Value::Text(text) => Some((&**name, &**text)),
            Value::File(_) => None,
        })
    }

    /// The first file of that name.
    pub fn file(&self, name: &str) -> Option<&Upload> {
        self.files().find(|(other, _)| *other == name).map(|(_, file)| file)
    }

    /// The names and values of all files.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Upload)> {
        self.0.iter().filter_map(|(name, value)| match value {
            Value::Text(_) => None,
            Value::File(file) => Some((&**name, file)),
        })
    }

    /// The names and values of all files, to have.
    pub fn into_files(self) -> impl Iterator<Item = (String, Upload)> {
        self.0.into_iter().filter_map(|(name, value)| match value {
            Value::Text(_) => None,
            Value::File(file) => Some((name, file)),
        })
    }

    /// Reads the texts into a `T`, as a [`Form`](super::Form) is read.
    ///
    /// # Errors
    ///
    /// A 400 that names the field, and the reason.
    pub fn read<'de, T: Deserialize<'de>>(&'de self) -> Result<T> {
        form::from_pairs(self.texts().collect()).map_err(|error| bad_argument("form", &error))
    }
}

/// A file that a client has sent: in memory as long as it is short, in a temporary file beyond 64 KiB.
///
/// The temporary file is nobody else's to read, and is removed when this is dropped. Reading and writing is done
/// [on another thread](run_in_executor), so the loop goes on.
pub struct Upload {
    head: PartHead,
    length: u64,
    /// Was not written to the file yet; all of it, while there is none.
    buffer: Vec<u8>,
    file: Option<(File, Temporary)>,
}

/// So much of a file is held in memory, and written at once.
const BUFFER: usize = 64 * 1024;

impl Upload {
    pub(super) fn new(head: PartHead) -> Self {
        Self { head, length: 0, buffer: Vec::new(), file: None }
    }

    pub(super) async fn write(&mut self, chunk: Bytes) -> Result {
        self.length += chunk.len() as u64;
        self.buffer.extend_from_slice(&chunk);
        if self.buffer.len() > BUFFER { self.flush().await } else { Ok(()) }
    }

    pub(super) async fn finish(mut self) -> Result<Self> {
        if self.file.is_some() {
            self.flush().await?;
        }
        Ok(self)
    }

    async fn flush(&mut self) -> Result {
        let (buffer, file) = (std::mem::take(&mut self.buffer), self.file.take());
        let write = move || {
            let (mut file, place) = match file {
                Some(opened) => opened,
                None => Temporary::create()?,
            };
            file.write_all(&buffer)?;
            io::Result::Ok((file, place))
        };
        let written = run_in_executor(write).await?;
        self.file = Some(written.context("writing what a client has sent to a temporary file")?);
        Ok(())
    }

    /// What the client says about it.
    pub fn head(&self) -> &PartHead {
        &self.head
    }

    /// The name it has where it comes from: see [`PartHead::filename`]. It is nothing to create a file by.
    pub fn filename(&self) -> &str {
        self.head.filename().unwrap_or_default()
    }

    /// The type that the client says it has.
    pub fn content_type(&self) -> Option<&str> {
        self.head.content_type()
    }

    /// How long it is, in bytes.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether it is empty, as it is if a browser's user has chosen no file.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Where the temporary file is; `None` if it is held in memory.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|(_, place)| &*place.0)
    }

    /// All of it, in memory.
    ///
    /// # Errors
    ///
    /// The system's, if the temporary file cannot be read.
    pub async fn bytes(&self) -> Result<Vec<u8>> {
        let Some(path) = self.path().map(Path::to_owned) else { return Ok(self.buffer.clone()) };
        run_in_executor(move || fs::read(path)).await?.context("reading a temporary file")
    }

    /// Keeps it as the file at this path; one that is there is replaced. The file is its owner's alone to read and write.
    ///
    /// Within one file system, nobody sees half of it.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn save(self, path: impl Into<PathBuf>) -> Result {
        let path = path.into();
        let Self { buffer, file, .. } = self;
        let save = move || match file {
            Some((file, place)) => place.keep(file, &path),
            None => {
                let (mut file, place) =
                    Temporary::create_in(path.parent().unwrap_or(Path::new("")))?;
                file.write_all(&buffer)?;
                place.keep(file, &path)
            }
        };
        run_in_executor(save).await?.context("keeping what a client has sent")
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("head", &self.head)
            .field("length", &self.length)
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}

/// The place of a temporary file, which is removed with it.
struct Temporary(PathBuf);

impl Temporary {
    fn create() -> io::Result<(File, Self)> {
        Self::create_in(&std::env::temp_dir())
    }

    fn create_in(folder: &Path) -> io::Result<(File, Self)> {
        loop {
            // Nobody can know it beforehand, and if it is there all the same, it is not opened.
            let name = format!(".gustnado-{:016x}", RandomState::new().hash_one(0));
            let path = folder.join(name);
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => return Ok((file, Self(path))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Moves the file, or copies it if it has to go to another file system.
    fn keep(self, file: File, path: &Path) -> io::Result<()> {
        drop(file);
        match fs::rename(&self.0, path) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                let folder = path.parent().unwrap_or(Path::new(""));
                let (mut copy, place) = Self::create_in(folder)?;
                io::copy(&mut File::open(&self.0)?, &mut copy)?;
                drop(copy);
                fs::rename(&place.0, path)
            }
            result => result,
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It is not there any more if it was moved; and there is nobody to tell that it cannot be removed.
        let _ = fs::remove_file(&self.0);
    }
}
