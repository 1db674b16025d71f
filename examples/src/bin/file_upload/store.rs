//! The files that were received.

use bytes::Bytes;
use gustnado::prelude::*;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

/// So many files are kept; beyond it, the oldest goes.
pub(crate) const KEPT: usize = 20;

/// A folder of files, which is removed with it. Their names in it are numbers: what clients call them is nothing to create a file by.
pub(crate) struct Store {
    folder: PathBuf,
    last: Cell<u64>,
    files: RefCell<VecDeque<Stored>>,
}

/// What is known of a file.
#[derive(Clone, Serialize)]
pub(crate) struct Stored {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) length: u64,
}

impl Store {
    /// An empty one, below the folder of temporary files.
    pub(crate) fn new() -> Result<Self> {
        // It is this process's, so what has this name is left of one that is gone.
        let folder = std::env::temp_dir().join(format!("gustnado-upload-{}", std::process::id()));
        let folder = (0..).map(|number| folder.with_extension(number.to_string()));
        for folder in folder {
            match fs::create_dir(&folder) {
                Ok(()) => {
                    return Ok(Self { folder, last: Cell::new(0), files: RefCell::default() });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).context("making a folder"),
            }
        }
        unreachable!("the numbers do not end")
    }

    /// Begins to receive a file.
    pub(crate) async fn create(self: &Rc<Self>, name: &str) -> Result<Draft> {
        let id = self.last.get() + 1;
        self.last.set(id);
        let path = self.path(id);
        let file = run_in_executor(move || File::create_new(path)).await??;
        let stored = Stored { id, name: name.into(), length: 0 };
        Ok(Draft { store: self.clone(), file: Some(file), stored, is_whole: false })
    }

    /// All files, the oldest first.
    pub(crate) fn files(&self) -> Vec<Stored> {
        self.files.borrow().iter().cloned().collect()
    }

    pub(crate) fn find(&self, id: u64) -> Option<Stored> {
        self.files.borrow().iter().find(|stored| stored.id == id).cloned()
    }

    /// Where a file is.
    pub(crate) fn path(&self, id: u64) -> PathBuf {
        self.folder.join(id.to_string())
    }

    fn add(&self, stored: Stored) {
        let mut files = self.files.borrow_mut();
        files.push_back(stored);
        if files.len() > KEPT
            && let Some(oldest) = files.pop_front()
        {
            self.remove(oldest.id);
        }
    }

    fn remove(&self, id: u64) {
        if let Err(error) = fs::remove_file(self.path(id)) {
            eprintln!("cannot remove file {id}: {error}");
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}

/// A file that is being received. Dropped before its end, because the client has left or has sent too much, it is removed.
pub(crate) struct Draft {
    store: Rc<Store>,
    /// `None` while another thread writes.
    file: Option<File>,
    stored: Stored,
    is_whole: bool,
}

impl Draft {
    /// Writes a piece, on another thread. Who waits for it reads no further, and so the client has to wait, too.
    pub(crate) async fn write(&mut self, piece: Bytes) -> Result {
        self.stored.length += piece.len() as u64;
        let mut file = self.file.take().context("an earlier piece could not be written")?;
        let write = move || file.write_all(&piece).map(|()| file);
        self.file = Some(run_in_executor(write).await??);
        Ok(())
    }

    /// Keeps it.
    pub(crate) fn finish(mut self) -> Stored {
        self.is_whole = true;
        self.store.add(self.stored.clone());
        self.stored.clone()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_whole {
            self.store.remove(self.stored.id);
        }
    }
}
