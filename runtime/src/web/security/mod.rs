//! What keeps an application and its users safe.
//!
//! What looks at every request is a [`Guard`]. They stand in one line, in an order that is always the same: headers,
//! hosts, other origins, limits, forgeries. An application that asks for none of them has no line, and its requests pay one test.

mod application;
#[cfg(feature = "signed-cookies")]
mod cookies;
mod cors;
#[cfg(feature = "encrypted-cookies")]
mod encrypted;
mod guards;
mod headers;
mod hosts;
#[cfg(feature = "password-hashing")]
mod passwords;
mod proxies;
mod rate;
#[cfg(feature = "signed-cookies")]
mod secret;
#[cfg(feature = "signed-cookies")]
mod sessions;
#[cfg(feature = "signed-cookies")]
mod xsrf;

#[cfg(feature = "encrypted-cookies")]
pub use cookies::EncryptedCookie;
#[cfg(feature = "signed-cookies")]
pub use cookies::{CookieValue, SignedCookie};
pub use cors::Cors;
#[cfg(feature = "gzip")]
pub(super) use guards::Guard;
pub(super) use guards::{Defences, Guards};
pub use headers::SecurityHeaders;
use hosts::AllowedHosts;
#[cfg(feature = "password-hashing")]
pub use passwords::{hash_password, verify_password};
pub use proxies::TrustedProxies;
pub use rate::RateLimit;
#[cfg(feature = "signed-cookies")]
pub use secret::{CookieSecret, SignedVersion, Validity, signature_key_version};
#[cfg(feature = "signed-cookies")]
pub use sessions::{MemoryStore, Session, SessionData, SessionStore, Sessions};
#[cfg(feature = "signed-cookies")]
pub use xsrf::Xsrf;

/// Bytes that nobody can guess.
///
/// # Panics
///
/// If the system has none: what would go on with others would only seem to be safe.
#[cfg(feature = "signed-cookies")]
pub(crate) fn random<const COUNT: usize>() -> [u8; COUNT] {
    let mut bytes = [0; COUNT];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}
