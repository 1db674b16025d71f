use super::*;
use std::collections::BTreeMap;

/// A folder that goes with its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gustnado-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn open(&self, rotation: Rotation) -> RotatingFile {
        RotatingFile::open(self.0.join("log"), rotation).unwrap()
    }

    /// The files, and what is in them.
    fn files(&self) -> BTreeMap<String, String> {
        let entries = fs::read_dir(&self.0).unwrap().map(Result::unwrap);
        let read = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        };
        entries.map(read).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn texts(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// 2026-11-21T16:20:00Z, a Saturday.
const NOW: i64 = 1_795_278_000;

#[test]
fn by_size_no_line_is_divided_and_the_oldest_is_forgotten() {
    let folder = Folder::new("by-size");
    let mut file = folder.open(Rotation::size(8).keep(2));
    for line in ["one\n", "two\n", "three\n", "a line longer than a file\n", "five\n"] {
        file.write_all(line.as_bytes()).unwrap();
    }
    let expected =
        texts(&[("log", "five\n"), ("log.1", "a line longer than a file\n"), ("log.2", "three\n")]);
    assert_eq!(folder.files(), expected);
}

#[test]
fn a_file_that_is_there_goes_on() {
    let folder = Folder::new("goes-on");
    folder.open(Rotation::size(10)).write_all(b"before\n").unwrap();
    let mut file = folder.open(Rotation::size(10));
    file.write_all(b"ab\n").unwrap();
    file.write_all(b"c\n").unwrap();
    assert_eq!(folder.files(), texts(&[("log", "c\n"), ("log.1", "before\nab\n")]));
}

#[test]
fn without_a_size_or_backups_nothing_rotates_by_size() {
    for rotation in [Rotation::size(0), Rotation::size(1).keep(0)] {
        let folder = Folder::new("never");
        let mut file = folder.open(rotation);
        file.write_all(b"one\n").unwrap();
        file.write_all(b"two\n").unwrap();
        assert_eq!(folder.files(), texts(&[("log", "one\ntwo\n")]));
    }
}

#[test]
fn by_time_a_file_is_called_by_its_beginning_and_the_oldest_is_forgotten() {
    let folder = Folder::new("by-time");
    let mut file = folder.open(Rotation::time(RotateWhen::Midnight, 1).keep(2));
    file.begun = NOW;
    fs::write(folder.0.join("log.of.another"), "").unwrap();
    for (day, line) in [(0, "a"), (0, "b"), (1, "c"), (2, "d"), (3, "e")] {
        file.write_at(line.as_bytes(), NOW + day * DAY).unwrap();
    }
    let expected = texts(&[
        ("log", "e"),
        ("log.2026-11-22", "c"),
        ("log.2026-11-23", "d"),
        ("log.of.another", ""),
    ]);
    assert_eq!(folder.files(), expected);
}

#[test]
fn times_end_when_they_do_in_python() {
    let midnight = NOW - NOW.rem_euclid(DAY) + DAY;
    for (name, interval, end, suffix) in [
        ("S", 10, NOW + 10, "2026-11-21_16-20-00"),
        ("M", 2, NOW + 120, "2026-11-21_16-20"),
        ("H", 1, NOW + 3600, "2026-11-21_16"),
        ("D", 1, NOW + DAY, "2026-11-21"),
        ("midnight", 1, midnight, "2026-11-21"),
        ("midnight", 3, midnight + 2 * DAY, "2026-11-21"),
        ("W5", 1, midnight, "2026-11-21"),
        ("W6", 1, midnight + DAY, "2026-11-21"),
        ("W0", 1, midnight + 2 * DAY, "2026-11-21"),
        ("W4", 1, midnight + 6 * DAY, "2026-11-21"),
    ] {
        let when = RotateWhen::from_name(name).unwrap();
        assert_eq!(when.name(), name);
        assert_eq!((when.end(NOW, interval), &*when.suffix(NOW)), (end, suffix), "{name}");
    }
}

#[test]
fn a_file_that_cannot_be_put_aside_goes_on() {
    let folder = Folder::new("stuck");
    let mut file = folder.open(Rotation::size(4).keep(1));
    file.write_all(b"one\n").unwrap();
    // A folder in the way, which no file can be renamed to.
    fs::create_dir(folder.0.join("log.1")).unwrap();
    file.write_all(b"two\n").unwrap();
    assert_eq!(fs::read_to_string(folder.0.join("log")).unwrap(), "one\ntwo\n");
}
