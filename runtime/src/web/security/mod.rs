//! What keeps an application and its users safe.

#[cfg(feature = "signed-cookies")]
mod cookies;
#[cfg(feature = "encrypted-cookies")]
mod encrypted;
#[cfg(feature = "signed-cookies")]
mod secret;

#[cfg(feature = "encrypted-cookies")]
pub use cookies::EncryptedCookie;
#[cfg(feature = "signed-cookies")]
pub use cookies::{CookieValue, SignedCookie};
#[cfg(feature = "signed-cookies")]
pub use secret::{CookieSecret, SignedVersion, Validity, signature_key_version};

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
