//! Values that the client can neither read nor change.

use std::time::SystemTime;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::random;
use super::secret::{CookieSecret, Validity, mac, number, seconds};
use crate::http::base64;

/// The nonce is chance, and long enough for that.
const NONCE: usize = 24;

impl CookieSecret {
    /// Encrypts a value, with the time: nobody can read it, or change or make one, without the secret. Tornado has nothing like it.
    ///
    /// It is XChaCha20-Poly1305 with a key that HMAC-SHA256 makes of the secret. The length can still be seen.
    ///
    /// ```
    /// use gustnado::{CookieSecret, Validity};
    ///
    /// let secret = CookieSecret::new("It's a secret to everybody");
    /// let encrypted = secret.encrypt("diagnosis", "a cold");
    /// let read = secret.decrypt("diagnosis", &encrypted, Validity::default());
    /// assert_eq!(read.as_deref(), Some(&b"a cold"[..]));
    /// ```
    pub fn encrypt(&self, name: &str, value: impl AsRef<[u8]>) -> String {
        self.encrypt_at(name, value, SystemTime::now())
    }

    fn encrypt_at(&self, name: &str, value: impl AsRef<[u8]>, time: SystemTime) -> String {
        let (version, key) = self.signer();
        let mut text = format!("e1|{version}|{}|", seconds(time));
        let mut bytes = random::<NONCE>().to_vec();
        let context = format!("{text}{name}");
        let payload = Payload { msg: value.as_ref(), aad: context.as_bytes() };
        let nonce = XNonce::from(*bytes.first_chunk::<NONCE>().unwrap_or(&[0; NONCE]));
        // It fails only beyond 256 GiB; the empty text is no encrypted value.
        let Ok(encrypted) = cipher(key).encrypt(&nonce, payload) else { return String::new() };
        bytes.extend(encrypted);
        base64::encode(&bytes, &mut text);
        text
    }

    /// What was [encrypted](Self::encrypt); `None` if that was not with one of these secrets and for this name, or too long ago.
    pub fn decrypt(
        &self,
        name: &str,
        encrypted: impl AsRef<[u8]>,
        validity: Validity,
    ) -> Option<Vec<u8>> {
        let encrypted = encrypted.as_ref();
        let mut parts = encrypted.split(|byte| *byte == b'|');
        if parts.next()? != b"e1" {
            return None;
        }
        let (version, time, text) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let key = self.key(u32::try_from(number(version)?).ok()?)?;
        let mut context = encrypted[..encrypted.len() - text.len()].to_vec();
        context.extend_from_slice(name.as_bytes());
        let bytes = base64::decode(text)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: &context };
        let value = cipher(key).decrypt(&XNonce::from(*nonce), payload).ok()?;
        let earliest = seconds(SystemTime::now()).saturating_sub(validity.max_age.as_secs());
        (number(time)? >= earliest).then_some(value)
    }
}

/// A key of its own, so that what is signed and what is encrypted have nothing in common.
fn cipher(secret: &[u8]) -> XChaCha20Poly1305 {
    let key = mac::<Hmac<Sha256>>(secret, &[b"gustnado: encrypted cookies"]);
    XChaCha20Poly1305::new(&key.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn decrypt(secret: &CookieSecret, name: &str, text: &str) -> Option<Vec<u8>> {
        secret.decrypt(name, text, Validity::default())
    }

    #[test]
    fn what_was_encrypted_is_read_with_its_name_and_secret_only() {
        let secret = CookieSecret::new("one");
        let text = secret.encrypt("a", b"\0value");
        assert_eq!(decrypt(&secret, "a", &text).as_deref(), Some(&b"\0value"[..]));
        assert_eq!(decrypt(&secret, "b", &text), None);
        assert_eq!(decrypt(&CookieSecret::new("two"), "a", &text), None);
        assert!(!text.contains("value"));
        assert_ne!(
            text,
            secret.encrypt("a", b"\0value"),
            "the same value looks different each time"
        );
    }

    #[test]
    fn every_character_counts() {
        let secret = CookieSecret::new("one");
        let text = secret.encrypt("a", "value");
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(decrypt(&secret, "a", &changed), None, "{changed}");
            assert_eq!(decrypt(&secret, "a", &text[..at]), None);
        }
        assert_eq!(decrypt(&secret, "a", &format!("{text}|")), None);
    }

    #[test]
    fn old_values_are_over_and_keys_rotate() {
        let secret = CookieSecret::rotating(7, [(7, "one"), (8, "two")]);
        let text = secret.encrypt("a", "value");
        let next = CookieSecret::rotating(8, [(7, "one"), (8, "two")]);
        assert!(decrypt(&next, "a", &text).is_some());
        assert_eq!(decrypt(&CookieSecret::rotating(8, [(8, "two")]), "a", &text), None);
        let then = SystemTime::now() - Duration::from_secs(32 * 24 * 3600);
        assert_eq!(decrypt(&secret, "a", &secret.encrypt_at("a", "value", then)), None);
    }
}
