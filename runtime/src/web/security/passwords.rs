//! Passwords that nobody can read, not even who has the database.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};

use crate::error::{Error, Result, WithContext};
use crate::ioloop::run_in_executor;

/// What to keep of a password: its hash by Argon2id, with a salt of its own, as text (`$argon2id$v=19$..`).
///
/// It takes 19 MiB of memory and some tens of milliseconds, which is what makes it hard to guess; so it is done on a thread of the
/// [executor](crate::ioloop::run_in_executor), and the loop goes on. Where many log in at once, limit how often
/// they may.
///
/// ```
/// # gustnado::ioloop::IOLoop::new()?.run_sync(async {
/// use gustnado::{hash_password, verify_password};
///
/// let hash = hash_password("correct horse battery staple").await?;
/// assert!(verify_password("correct horse battery staple", &hash).await?);
/// assert!(!verify_password("Tr0ub4dor&3", &hash).await?);
/// # Ok::<(), gustnado::Error>(())
/// # })??;
/// # Ok::<(), gustnado::Error>(())
/// ```
///
/// # Errors
///
/// The password has 4 GiB or more, or the executor was shut down.
pub async fn hash_password(password: impl Into<String>) -> Result<String> {
    let password = password.into();
    let hashed = run_in_executor(move || {
        let hash = Argon2::default().hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
    });
    hashed.await?.map_err(Error::msg).context("hashing a password")
}

/// Whether a password is the one that was [hashed](hash_password). It takes as long as hashing it, whatever it is.
///
/// # Errors
///
/// The text is no such hash, or the executor was shut down.
pub async fn verify_password(password: impl Into<String>, hash: impl Into<String>) -> Result<bool> {
    let (password, hash) = (password.into(), hash.into());
    let verified = run_in_executor(move || {
        let hash = PasswordHash::new(&hash).map_err(|error| error.to_string())?;
        match Argon2::default().verify_password(password.as_bytes(), &hash) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    });
    verified.await?.map_err(Error::msg).context("verifying a password")
}
