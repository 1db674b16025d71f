//! Compiles every case: see `README.md`.

use std::fs;
use std::path::{Path, PathBuf};

/// Macros that are tested in the folder of another.
const SHORTHANDS: [&str; 7] = ["delete", "get", "head", "options", "patch", "post", "put"];

/// One test, because trybuild builds the cases of a run together.
#[test]
#[rustversion::attr(not(stable(1.95)), ignore = "the texts are those of Rust 1.95")]
fn cases_compile_or_fail_as_they_should() {
    let cases = trybuild::TestCases::new();
    for folder in folders() {
        // The path stands in the texts.
        let folder = folder.strip_prefix(root()).unwrap();
        cases.compile_fail(folder.join("fail/*.rs"));
        cases.pass(folder.join("pass/*.rs"));
    }
}

/// One mistake, one error. What an author reads first must be the mistake, and there must be nothing to read after it.
#[test]
fn every_mistake_is_one_error() {
    for case in cases("fail") {
        let path = case.with_extension("stderr");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let errors = text.lines().filter(|line| line.starts_with("error")).count();
        assert_eq!(errors, 1, "{path:?} has {errors} errors:\n{text}");
    }
}

#[test]
fn every_text_has_its_case() {
    for text in files("fail", "stderr") {
        assert!(text.with_extension("rs").exists(), "{text:?} has no case");
    }
}

#[test]
fn no_macro_is_forgotten() {
    assert!(cases("fail").len() >= 200);
    assert!(cases("pass").len() >= 40);
    let macros = root().join("../macros/src/lib.rs");
    let macros = fs::read_to_string(&macros).unwrap_or_else(|error| panic!("{macros:?}: {error}"));
    let names = macros.lines().filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next());
    for name in names.filter(|name| !SHORTHANDS.contains(name)) {
        for kind in ["fail", "pass"] {
            let folder = root().join(name).join(kind);
            assert!(folder.is_dir(), "{folder:?} is missing");
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Each macro's folder: whatever has cases.
fn folders() -> Vec<PathBuf> {
    let mut folders = entries(root());
    folders.retain(|folder| folder.join("fail").is_dir() && folder.join("pass").is_dir());
    folders.sort();
    folders
}

fn cases(kind: &str) -> Vec<PathBuf> {
    files(kind, "rs")
}

fn files(kind: &str, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        folders().iter().flat_map(|folder| entries(&folder.join(kind))).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let path = |entry: std::io::Result<fs::DirEntry>| match entry {
        Ok(entry) => entry.path(),
        Err(error) => panic!("{folder:?}: {error}"),
    };
    entries.map(path).collect()
}
