//! Sessions in memory.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use super::{SessionData, SessionStore};
use crate::error::Result;
use crate::ioloop::Core;

/// Sessions in the memory of one thread: for tests, and for programs of one process and [thread](crate::Application::workers).
///
/// They end with the program. There are 100 000 at most; beyond it, those that would be over first are forgotten.
#[derive(Debug, Default)]
pub struct MemoryStore(RefCell<HashMap<String, (u64, SessionData)>>);

const SESSIONS: usize = 100_000;

impl MemoryStore {
    /// Makes room for one more; then for a tenth of all at once, so that this is not done for each.
    fn make_room(&self, now: u64) {
        let mut sessions = self.0.borrow_mut();
        if sessions.len() < SESSIONS {
            return;
        }
        sessions.retain(|_, (end, _)| *end > now);
        if sessions.len() < SESSIONS {
            return;
        }
        let mut ends: Vec<u64> = sessions.values().map(|(end, _)| *end).collect();
        let (_, last, _) = ends.select_nth_unstable(SESSIONS / 10);
        let last = *last;
        sessions.retain(|_, (end, _)| *end > last);
    }
}

impl SessionStore for MemoryStore {
    async fn load(&self, id: &str) -> Result<Option<SessionData>> {
        let now = now();
        let mut sessions = self.0.borrow_mut();
        if sessions.get(id).is_some_and(|(end, _)| *end <= now) {
            sessions.remove(id);
        }
        Ok(sessions.get(id).map(|(_, data)| data.clone()))
    }

    async fn save(&self, id: &str, data: SessionData, age: Duration) -> Result {
        let now = now();
        self.make_room(now);
        let end = now.saturating_add(u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
        self.0.borrow_mut().insert(id.to_owned(), (end, data));
        Ok(())
    }

    async fn remove(&self, id: &str) -> Result {
        self.0.borrow_mut().remove(id);
        Ok(())
    }
}

/// The loop's time, in nanoseconds.
fn now() -> u64 {
    Core::current_or_panic().ticks()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ioloop::IOLoop;
    use crate::web::testing::now as done;

    #[test]
    fn a_session_ends_and_can_be_removed() {
        let _io_loop = IOLoop::new().unwrap();
        let store = MemoryStore::default();
        let mut data = SessionData::new();
        data.insert("a".into(), 1.into());
        done(store.save("one", data.clone(), Duration::from_secs(60))).unwrap();
        done(store.save("over", data.clone(), Duration::ZERO)).unwrap();
        assert_eq!(done(store.load("one")).unwrap(), Some(data));
        assert_eq!(done(store.load("over")).unwrap(), None);
        assert_eq!(done(store.load("unknown")).unwrap(), None);
        done(store.remove("one")).unwrap();
        assert_eq!(done(store.load("one")).unwrap(), None);
        assert!(store.0.borrow().is_empty());
    }

    #[test]
    fn memory_has_an_end() {
        let _io_loop = IOLoop::new().unwrap();
        let store = MemoryStore::default();
        for number in 0..SESSIONS as u64 + 1 {
            let age = Duration::from_secs(1000 + number);
            done(store.save(&number.to_string(), SessionData::new(), age)).unwrap();
        }
        assert!(store.0.borrow().len() <= SESSIONS * 9 / 10 + 1);
        assert!(done(store.load("0")).unwrap().is_none(), "it would have been over first");
        assert!(done(store.load(&SESSIONS.to_string())).unwrap().is_some());
    }
}
