//! URLs that change with the file.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::lookup::Folder;
use crate::error::{Result, WithContext};
use crate::escape::url_escape_path;
use crate::web::Context;

/// The versions of an application's static files, as they were at its start.
pub(in crate::web) struct StaticUrls {
    prefix: String,
    /// By the path behind the prefix, as it is in URLs.
    versions: HashMap<String, String>,
}

/// Larger files are known by their size and time, not by what is in them.
const HASHED: u64 = 16 * 1024 * 1024;

impl StaticUrls {
    pub(super) fn of(folder: &Folder, prefix: &str) -> Self {
        let mut versions = HashMap::new();
        collect(folder.root(), "", &mut versions);
        Self { prefix: prefix.to_owned(), versions }
    }

    fn url(&self, path: &str) -> String {
        let path = url_escape_path(path.strip_prefix('/').unwrap_or(path));
        let version = self.versions.get(&*path).map(|version| format!("?v={version}"));
        format!("{}{path}{}", self.prefix, version.unwrap_or_default())
    }

    /// Whether the file at a URL's path has this version.
    pub(super) fn is_version(&self, path: &str, version: &str) -> bool {
        let known = path.strip_prefix(&*self.prefix).and_then(|path| self.versions.get(path));
        known.is_some_and(|known| known == version)
    }
}

impl Context {
    /// The URL of a [static file](crate::Application::static_files), with its version: `/static/style.css?v=a1b2..`. When the
    /// file is another one, so is the URL, so that clients may keep it for years.
    ///
    /// The version is a hash of what was in the file when the application started; a file that was not there has none.
    ///
    /// # Errors
    ///
    /// The application has no static files.
    pub fn static_url(&self, path: &str) -> Result<String> {
        let urls: &StaticUrls = self.provided().context("the application has no static_files")?;
        Ok(urls.url(path))
    }
}

/// Finds the versions of all files in a folder. What cannot be read has none. Links to folders are not followed: they may lead in circles.
fn collect(folder: &Path, above: &str, versions: &mut HashMap<String, String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else { continue };
        let path = format!("{above}{}", url_escape_path(name));
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), versions);
        } else if let Ok(Some(version)) = version(&entry.path()) {
            versions.insert(path, version);
        }
    }
}

/// A hash of the file. It tells versions apart that nobody has made to look alike: FNV-1a, of 128 bits.
fn version(path: &Path) -> io::Result<Option<String>> {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    };
    if metadata.len() > HASHED {
        add(&metadata.len().to_le_bytes());
        let modified = metadata.modified()?.duration_since(std::time::UNIX_EPOCH);
        add(&modified.unwrap_or_default().as_nanos().to_le_bytes());
    } else {
        let mut bytes = Vec::new();
        File::open(path)?.take(HASHED).read_to_end(&mut bytes)?;
        add(&bytes);
    }
    Ok(Some(format!("{hash:032x}")))
}
