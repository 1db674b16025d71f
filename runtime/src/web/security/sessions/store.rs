//! What a store of sessions has to do.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use crate::error::Result;
use crate::ioloop::Frame;

/// The values of a session, by name.
pub type SessionData = serde_json::Map<String, serde_json::Value>;

/// Where [sessions](super::Sessions) are kept, by numbers that the framework draws.
pub trait SessionStore: 'static {
    /// The values of a session; `None` if it is not known, or over. The number is what a client says: any text.
    fn load(&self, id: &str) -> impl Future<Output = Result<Option<SessionData>>>;

    /// Keeps the values of a session, in place of those before, for so long.
    fn save(&self, id: &str, data: SessionData, age: Duration) -> impl Future<Output = Result>;

    /// Forgets a session.
    fn remove(&self, id: &str) -> impl Future<Output = Result>;
}

/// A store of any type.
#[derive(Clone)]
pub(super) struct AnyStore(Rc<dyn Erased>);

impl AnyStore {
    pub(super) fn new(store: impl SessionStore) -> Self {
        Self(Rc::new(Rc::new(store)))
    }

    pub(super) async fn load(&self, id: &str) -> Result<Option<SessionData>> {
        self.0.load(id.to_owned()).await
    }

    pub(super) async fn save(&self, id: &str, data: SessionData, age: Duration) -> Result {
        self.0.save(id.to_owned(), data, age).await
    }

    pub(super) async fn remove(&self, id: &str) -> Result {
        self.0.remove(id.to_owned()).await
    }
}

trait Erased {
    fn load(&self, id: String) -> Frame<Result<Option<SessionData>>>;
    fn save(&self, id: String, data: SessionData, age: Duration) -> Frame<Result>;
    fn remove(&self, id: String) -> Frame<Result>;
}

impl<S: SessionStore> Erased for Rc<S> {
    fn load(&self, id: String) -> Frame<Result<Option<SessionData>>> {
        let store = self.clone();
        Frame::new(async move { SessionStore::load(&*store, &id).await })
    }

    fn save(&self, id: String, data: SessionData, age: Duration) -> Frame<Result> {
        let store = self.clone();
        Frame::new(async move { SessionStore::save(&*store, &id, data, age).await })
    }

    fn remove(&self, id: String) -> Frame<Result> {
        let store = self.clone();
        Frame::new(async move { SessionStore::remove(&*store, &id).await })
    }
}
