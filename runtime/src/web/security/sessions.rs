//! What an application remembers of a user from one request to the next.

mod memory;
mod store;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::memory::MemoryStore;
use self::store::AnyStore;
pub use self::store::{SessionData, SessionStore};
use super::random;
use super::secret::{CookieSecret, Validity};
use crate::error::{Result, WithContext};
use crate::http::{Cookie, SameSite, hex};
use crate::web::reply::Reply;
use crate::web::{Application, Context, PerRequest};

/// How sessions are kept: see [`Application::sessions`].
///
/// In a [store](Self::in_store), the client has nothing but a number of 128 bits that nobody can guess; one that the store does not know is
/// never taken up. In cookies, the client has everything, which is no more than 4096 bytes, and cannot be taken back before its time.
///
/// ```
/// use gustnado::prelude::*;
/// use gustnado::{Session, Sessions};
///
/// #[post("/login")]
/// async fn login(session: &Session) -> Result<Redirect> {
///     session.renew()?; // whoever knew the number before knows nothing now
///     session.set("user", &7)?;
///     Ok(Redirect::to("/"))
/// }
///
/// #[get("/")]
/// async fn index(session: &Session) -> Result<String> {
///     let user: Option<u64> = session.value("user")?;
///     Ok(format!("{user:?}"))
/// }
///
/// let app = Application::new(routes![login, index])
///     .cookie_secret("It's a secret to everybody")
///     .sessions(Sessions::in_memory());
/// # app.build()?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Sessions {
    keeper: Keeper,
    cookie: Cookie,
    max_age: Duration,
}

/// Where the data of sessions is.
#[derive(Clone)]
enum Keeper {
    Store(AnyStore),
    Cookie(Code),
}

/// How data is written into cookies.
#[derive(Clone, Copy)]
struct Code {
    write: fn(&CookieSecret, &str, &[u8]) -> String,
    read: fn(&CookieSecret, &str, &str, Validity) -> Option<Vec<u8>>,
}

impl Sessions {
    /// In the memory of this thread, 100 000 at most: see [`MemoryStore`].
    pub fn in_memory() -> Self {
        Self::in_store(MemoryStore::default())
    }

    /// In a store, such as a database.
    pub fn in_store(store: impl SessionStore) -> Self {
        Self::new(Keeper::Store(AnyStore::new(store)))
    }

    /// In signed cookies, which the client can read, but not change.
    pub fn in_cookies() -> Self {
        Self::new(Keeper::Cookie(Code {
            write: |secret, name, bytes| secret.create_signed_value(name, bytes),
            read: |secret, name, text, validity| secret.decode_signed_value(name, text, validity),
        }))
    }

    /// In cookies that the client can neither read nor change.
    #[cfg(feature = "encrypted-cookies")]
    pub fn in_encrypted_cookies() -> Self {
        Self::new(Keeper::Cookie(Code {
            write: |secret, name, bytes| secret.encrypt(name, bytes),
            read: |secret, name, text, validity| secret.decrypt(name, text, validity),
        }))
    }

    fn new(keeper: Keeper) -> Self {
        let cookie = Cookie::new("session", "").http_only().same_site(SameSite::Lax);
        Self { keeper, cookie, max_age: Duration::from_secs(30 * 24 * 3600) }
    }

    /// What the cookie has beside its value and its age: by default the name `session`, `HttpOnly` and `SameSite=Lax`. Over TLS, make
    /// it [secure](Cookie::secure).
    #[must_use]
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        self.cookie = cookie;
        self
    }

    /// How long a session lives after it was changed; 30 days unless set.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// The session of a request.
    async fn open(self: Rc<Self>, cx: &Context) -> Result<Session> {
        let secret =
            cx.provided::<CookieSecret>().context("sessions need a cookie_secret")?.clone();
        let cookies = cx.cookies();
        let name = self.cookie.name();
        let (mut id, mut data) = (None, None);
        if let Some(text) = cookies.value(name) {
            match &self.keeper {
                Keeper::Store(store) => {
                    data = store.load(text).await.context("loading a session")?;
                    id = data.is_some().then(|| text.to_owned());
                }
                Keeper::Cookie(code) => {
                    let validity = Validity { max_age: self.max_age, ..Validity::default() };
                    let bytes = (code.read)(&secret, name, text, validity);
                    data = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
                }
            }
        }
        Ok(Session {
            sessions: self,
            secret,
            reply: cx.reply().clone(),
            data: RefCell::new(data.unwrap_or_default()),
            id: RefCell::new(id),
            former: RefCell::default(),
            is_changed: Cell::new(false),
        })
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("cookie", &self.cookie).finish_non_exhaustive()
    }
}

impl Application {
    /// Gives each request a session: handlers ask for a [`&Session`](Session). It is loaded for those that do, and saved before the answer is
    /// sent, if it was changed. It needs a [secret](Self::cookie_secret), because who has sessions has forgeries to fear.
    #[must_use]
    #[track_caller]
    pub fn sessions(self, sessions: Sessions) -> Self {
        let sessions = Rc::new(sessions);
        let open = async move |cx: &Context| sessions.clone().open(cx).await;
        self.provide_each(
            PerRequest::new(open)
                .needs::<CookieSecret>()
                .at_end(async |session: Session, _| session.close().await),
        )
    }
}

/// What is remembered of a user: values with names, as JSON. See [`Sessions`].
///
/// Each change is made in memory; the store hears of all of them at the end of the request. Two requests of one user at the same time each
/// have their own copy, and the last one that ends wins.
pub struct Session {
    sessions: Rc<Sessions>,
    secret: CookieSecret,
    reply: Rc<Reply>,
    data: RefCell<SessionData>,
    /// By which the store knows it.
    id: RefCell<Option<String>>,
    /// By which the store is to forget it.
    former: RefCell<Option<String>>,
    is_changed: Cell<bool>,
}

impl Session {
    /// A value.
    ///
    /// # Errors
    ///
    /// It is no `T`.
    pub fn value<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let value = self.data.borrow().get(name).cloned();
        let read = |value| serde_json::from_value(value);
        value.map(read).transpose().with_context(|| format!("reading {name:?} of the session"))
    }

    /// Sets a value.
    ///
    /// # Errors
    ///
    /// It cannot be written as JSON, is too much for a cookie, or comes too late, because the head was sent.
    pub fn set<T: Serialize + ?Sized>(
        &self,
        name: impl Into<Cow<'static, str>>,
        value: &T,
    ) -> Result {
        let name = name.into();
        let value = serde_json::to_value(value)
            .with_context(|| format!("writing {name:?} into the session"))?;
        self.change(|data| {
            data.insert(name.into_owned(), value);
        })
    }

    /// Forgets a value.
    ///
    /// # Errors
    ///
    /// It comes too late, because the head was sent.
    pub fn remove(&self, name: &str) -> Result {
        self.change(|data| {
            data.remove(name);
        })
    }

    /// Forgets everything, and lets the client do so: for who logs out.
    ///
    /// # Errors
    ///
    /// As for [`remove`](Self::remove).
    pub fn clear(&self) -> Result {
        self.leave();
        self.change(SessionData::clear)
    }

    /// Goes on under a number that nobody knows, with the same values. Do this whenever somebody logs in: who has made a user
    /// begin with a number of theirs (session fixation) is left behind.
    ///
    /// # Errors
    ///
    /// As for [`remove`](Self::remove).
    pub fn renew(&self) -> Result {
        self.leave();
        self.change(|_| {})
    }

    /// Gives up its number. The store knows only the first one that a request has had.
    fn leave(&self) {
        if let Some(id) = self.id.take() {
            self.former.borrow_mut().get_or_insert(id);
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.data.borrow().is_empty()
    }

    fn change(&self, change: impl FnOnce(&mut SessionData)) -> Result {
        let mut data = self.data.borrow().clone();
        change(&mut data);
        let cookie = self.new_cookie(&data)?;
        self.reply.set_cookie(cookie.name(), cookie.header_value()?)?;
        *self.data.borrow_mut() = data;
        self.is_changed.set(true);
        Ok(())
    }

    /// The cookie of a session with this data.
    fn new_cookie(&self, data: &SessionData) -> Result<Cookie> {
        let Sessions { keeper, cookie, max_age } = &*self.sessions;
        if data.is_empty() {
            return Ok(cookie.clone().max_age(Duration::ZERO));
        }
        let value = match keeper {
            Keeper::Store(_) => {
                let mut id = self.id.borrow_mut();
                id.get_or_insert_with(|| hex::encode(&random::<16>())).clone()
            }
            Keeper::Cookie(code) => {
                (code.write)(&self.secret, cookie.name(), &serde_json::to_vec(data)?)
            }
        };
        Ok(cookie.clone().value(value).max_age(*max_age))
    }

    /// Tells the store what has changed.
    async fn close(self) -> Result {
        let (Keeper::Store(store), true) = (&self.sessions.keeper, self.is_changed.get()) else {
            return Ok(());
        };
        if let Some(former) = self.former.take() {
            store.remove(&former).await.context("removing a session")?;
        }
        let Some(id) = self.id.take() else { return Ok(()) };
        let data = self.data.take();
        if data.is_empty() {
            return store.remove(&id).await.context("removing a session");
        }
        store.save(&id, data, self.sessions.max_age).await.context("saving a session")
    }
}

/// The names only: values may be secrets.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.data.borrow().keys()).finish()
    }
}
