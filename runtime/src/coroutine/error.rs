//! What can be wrong with keys and callbacks.

use std::fmt;
use std::panic::Location;

/// What a yield point fails with. Keys are written as `{:?}` prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum YieldError {
    /// A callback with this key is pending already. Tornado's `KeyReuseError`.
    KeyReuse(String),
    /// No callback with this key is pending in this coroutine, or somebody else waits for it. Tornado's `UnknownKeyError`.
    UnknownKey(String),
    /// The coroutine has ended without waiting for these callbacks. Tornado's `LeakedCallbackError`.
    LeakedCallback(Vec<LeakedKey>),
    /// The callback takes something else than is waited for.
    WrongType {
        /// The key.
        key: String,
        /// What the callback takes.
        sent: &'static str,
        /// What is waited for.
        awaited: &'static str,
    },
    /// The callback was dropped, and can never be called; in Tornado, the coroutine would wait for ever. The callback of a
    /// [`Task`](fn@super::Task) has no key.
    DroppedCallback(Option<String>),
}

/// A callback that nobody has waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakedKey {
    /// The key.
    pub key: String,
    /// Where the callback was made.
    pub place: &'static Location<'static>,
}

impl fmt::Display for YieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyReuse(key) => write!(f, "key {key} is already pending"),
            Self::UnknownKey(key) => write!(f, "key {key} is not pending"),
            Self::LeakedCallback(keys) => {
                f.write_str("finished without waiting for callbacks ")?;
                for (number, key) in keys.iter().enumerate() {
                    let comma = if number == 0 { "" } else { ", " };
                    write!(f, "{comma}{key}")?;
                }
                Ok(())
            }
            Self::WrongType { key, sent, awaited } => {
                write!(f, "the callback of key {key} takes `{sent}`, but `{awaited}` is awaited")
            }
            Self::DroppedCallback(Some(key)) => {
                write!(f, "the callback of key {key} was dropped without being called")
            }
            Self::DroppedCallback(None) => {
                f.write_str("the callback of a task was dropped without being called")
            }
        }
    }
}

impl std::error::Error for YieldError {}

impl fmt::Display for LeakedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.key, self.place)
    }
}
