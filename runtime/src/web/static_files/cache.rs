//! Small files, kept for a moment.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::lookup::{Codings, Content, Found};

/// So long is a file what it was when it was read.
const FRESH: Duration = Duration::from_secs(1);

/// Files by path, for each set of codings that a client may take.
pub(super) struct Cache {
    sets: [RefCell<HashMap<String, Kept>>; Codings::SETS],
    /// Of all files together.
    bytes: Cell<usize>,
    limit: usize,
}

struct Kept {
    read: Instant,
    file: Found,
}

impl Cache {
    pub(super) fn new(limit: usize) -> Self {
        Self { sets: Default::default(), bytes: Cell::new(0), limit }
    }

    pub(super) fn file(&self, path: &str, codings: Codings, now: Instant) -> Option<Found> {
        let files = self.sets[codings.number()].borrow();
        let kept = files.get(path)?;
        (now.saturating_duration_since(kept.read) < FRESH).then(|| kept.file.clone())
    }

    pub(super) fn keep(&self, path: &str, codings: Codings, read: Instant, file: Found) {
        let size = size(&file);
        if size > self.limit {
            return;
        }
        if self.bytes.get() + size > self.limit {
            // What is asked for is soon here again; nobody has to remember in which order.
            self.sets.iter().for_each(|files| files.borrow_mut().clear());
            self.bytes.set(0);
        }
        let mut files = self.sets[codings.number()].borrow_mut();
        let former = files.insert(path.to_owned(), Kept { read, file });
        let former = former.map_or(0, |kept| self::size(&kept.file));
        self.bytes.set(self.bytes.get() + size - former);
    }
}

/// The bytes that a file takes, with what is around them.
fn size(found: &Found) -> usize {
    512 + match &found.content {
        Content::Whole(bytes) => bytes.len(),
        Content::Open(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::http::{ContentType, HTTPDate};

    fn found(length: usize) -> Found {
        Found {
            content: Content::Whole(vec![b'x'; length].into()),
            length: length as u64,
            etag: Arc::from("\"a\""),
            modified: HTTPDate::from_unix(0),
            content_type: ContentType::TEXT,
            coding: None,
            varies: false,
        }
    }

    #[test]
    fn a_file_is_kept_for_a_second() {
        let (cache, none, start) = (Cache::new(10_000), Codings::default(), Instant::now());
        assert!(cache.file("a", none, start).is_none());
        cache.keep("a", none, start, found(10));
        assert!(cache.file("a", none, start + FRESH / 2).is_some());
        assert!(cache.file("a", none, start + FRESH).is_none());
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let (cache, none, now) = (Cache::new(10_000), Codings::default(), Instant::now());
        for number in 0..1000 {
            cache.keep(&number.to_string(), none, now, found(number % 3000));
            let kept: usize = cache.sets[0].borrow().values().map(|kept| size(&kept.file)).sum();
            assert!(kept <= 10_000 && kept == cache.bytes.get());
        }
        cache.keep("again", none, now, found(100));
        cache.keep("again", none, now, found(200));
        cache.keep("huge", none, now, found(20_000));
        assert!(
            cache.file("again", none, now).is_some() && cache.file("huge", none, now).is_none()
        );
    }
}
