//! Compiles every case: see `README.md`.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders, one for each macro.
const MACROS: [&str; 4] = ["main", "route", "routes", "test"];

/// One test, because trybuild builds the cases of a run together.
#[test]
#[rustversion::attr(not(stable(1.95)), ignore = "the texts are those of Rust 1.95")]
fn cases_compile_or_fail_as_they_should() {
    let cases = trybuild::TestCases::new();
    for name in MACROS {
        cases.compile_fail(format!("{name}/fail/*.rs"));
        cases.pass(format!("{name}/pass/*.rs"));
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
    assert!(cases("fail").len() >= 35);
    assert!(cases("pass").len() >= 20);
    for name in MACROS {
        for kind in ["fail", "pass"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name).join(kind);
            assert!(folder.is_dir(), "{folder:?} is missing");
        }
    }
}

fn cases(kind: &str) -> Vec<PathBuf> {
    files(kind, "rs")
}

fn files(kind: &str, extension: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for name in MACROS {
        let folder = root.join(name).join(kind);
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        for entry in entries {
            files.push(entry.unwrap_or_else(|error| panic!("{folder:?}: {error}")).path());
        }
    }
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}
