//! Values that are signed: Tornado's formats, byte by byte.

use std::fmt;
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

use crate::http::{base64, hex};

/// The key that cookies are signed with: Tornado's `cookie_secret`.
///
/// What it signs, nobody can change or make without it; everybody can read it. A value belongs to its name and has a time, so it
/// can be moved neither to another cookie nor into another year. The formats are Tornado's; with the same secret, applications of both
/// kinds read each other's cookies.
///
/// A good secret is 32 bytes of chance, is written down outside of the program's text, and lives as long as the cookies.
///
/// ```
/// use gustnado::{CookieSecret, Validity};
///
/// let secret = CookieSecret::new("It's a secret to everybody");
/// let signed = secret.create_signed_value("user", "ada");
/// assert_eq!(secret.decode_signed_value("user", &signed, Validity::default()).as_deref(), Some(&b"ada"[..]));
/// assert_eq!(secret.decode_signed_value("admin", &signed, Validity::default()), None);
/// ```
#[derive(Clone)]
pub struct CookieSecret {
    keys: Vec<(u32, Box<[u8]>)>,
    /// The one that signs; `None` if there is only one, which reads whatever was signed with it.
    current: Option<u32>,
}

/// How a value is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignedVersion {
    /// As Tornado did before version 3.2.1: HMAC-SHA1 over fields that nothing separates, so that a cookie may be taken for one of
    /// another name that begins like its own. For who has to read what was written then.
    V1,
    /// HMAC-SHA256 over fields that say how long they are.
    #[default]
    V2,
}

/// Which signed values are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// How old they may be. Default 31 days: a day more than cookies are kept.
    pub max_age: Duration,
    /// The oldest format. Default [`V2`](SignedVersion::V2); Tornado also takes `V1` unless it is told otherwise.
    pub min_version: SignedVersion,
}

impl Default for Validity {
    fn default() -> Self {
        Self { max_age: Duration::from_secs(31 * DAY), min_version: SignedVersion::V2 }
    }
}

const DAY: u64 = 24 * 3600;

impl CookieSecret {
    /// One secret.
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        Self { keys: vec![(0, secret.as_ref().into())], current: None }
    }

    /// Several secrets, each with its number: Tornado's `key_version`. The `current` one signs, all of them read. To change the secret
    /// without anybody noticing, add a new one, make it the current one, and take the old one away when the last cookie is over.
    ///
    /// # Panics
    ///
    /// If `current` is none of them.
    pub fn rotating<S: AsRef<[u8]>>(
        current: u32,
        secrets: impl IntoIterator<Item = (u32, S)>,
    ) -> Self {
        let keys: Vec<_> = secrets
            .into_iter()
            .map(|(version, secret)| (version, secret.as_ref().into()))
            .collect();
        assert!(
            keys.iter().any(|(version, _)| *version == current),
            "no secret has the number {current}"
        );
        Self { keys, current: Some(current) }
    }

    /// Signs a value, with the time.
    pub fn create_signed_value(&self, name: &str, value: impl AsRef<[u8]>) -> String {
        self.create_signed_value_at(name, value, SystemTime::now(), SignedVersion::V2)
    }

    /// Signs a value, as of a time, and in a format. The first format knows no numbers of keys, so secrets that rotate sign with
    /// the second one, whatever is asked for.
    pub fn create_signed_value_at(
        &self,
        name: &str,
        value: impl AsRef<[u8]>,
        time: SystemTime,
        version: SignedVersion,
    ) -> String {
        let (key_version, key) = self.signer();
        let time = seconds(time).to_string();
        let mut encoded = String::new();
        base64::encode(value.as_ref(), &mut encoded);
        if version == SignedVersion::V1 && self.current.is_none() {
            let signature = signature_v1(key, name, &encoded, &time);
            return format!("{encoded}|{time}|{}", hex::encode(&signature.finalize().into_bytes()));
        }
        let key_version = key_version.to_string();
        let mut signed = String::from("2|");
        for field in [&key_version, &time, name, &encoded] {
            signed.push_str(&field.len().to_string());
            signed.push(':');
            signed.push_str(field);
            signed.push('|');
        }
        let signature = mac::<Hmac<Sha256>>(key, &[signed.as_bytes()]);
        signed + &hex::encode(&signature.finalize().into_bytes())
    }

    /// What was signed; `None` if it was not signed with one of these secrets and for this name, or if it is too old.
    pub fn decode_signed_value(
        &self,
        name: &str,
        signed: impl AsRef<[u8]>,
        validity: Validity,
    ) -> Option<Vec<u8>> {
        self.decode_signed_value_at(name, signed, validity, SystemTime::now())
    }

    /// What was signed, as seen at another time than now.
    pub fn decode_signed_value_at(
        &self,
        name: &str,
        signed: impl AsRef<[u8]>,
        validity: Validity,
        now: SystemTime,
    ) -> Option<Vec<u8>> {
        let signed = signed.as_ref();
        let now = seconds(now);
        let earliest = now.saturating_sub(validity.max_age.as_secs());
        match version(signed) {
            1 if validity.min_version == SignedVersion::V1 => {
                self.decode_v1(name, signed, earliest..=now.saturating_add(31 * DAY))
            }
            2 => self.decode_v2(name, signed, earliest),
            _ => None,
        }
    }

    fn decode_v1(
        &self,
        name: &str,
        signed: &[u8],
        times: std::ops::RangeInclusive<u64>,
    ) -> Option<Vec<u8>> {
        // The format has no place for the number of a key.
        if self.current.is_some() {
            return None;
        }
        let mut parts = signed.split(|byte| *byte == b'|');
        let (value, time, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let expected = signature_v1(self.signer().1, name, value, time);
        expected.verify_slice(&hex::decode(signature)?).ok()?;
        // Nothing separates the signed fields: digits of the value may have been made digits of the time, or the other way round.
        if time.starts_with(b"0") || !times.contains(&number(time)?) {
            return None;
        }
        base64::decode(value)
    }

    fn decode_v2(&self, name: &str, signed: &[u8], earliest: u64) -> Option<Vec<u8>> {
        let fields = Fields::read(signed)?;
        let key = self.key(fields.key_version)?;
        mac::<Hmac<Sha256>>(key, &[fields.signed])
            .verify_slice(&hex::decode(fields.signature)?)
            .ok()?;
        if fields.name != name.as_bytes() || number(fields.time)? < earliest {
            return None;
        }
        base64::decode(fields.value)
    }

    /// The number and the bytes of the key that signs.
    pub(super) fn signer(&self) -> (u32, &[u8]) {
        let current = self.current.unwrap_or_default();
        (current, self.keys.iter().find(|key| key.0 == current).map_or(&[], |key| &key.1))
    }

    /// The key of this number.
    pub(super) fn key(&self, version: u32) -> Option<&[u8]> {
        match self.current {
            None => Some(self.signer().1),
            Some(_) => self.keys.iter().find(|key| key.0 == version).map(|key| &*key.1),
        }
    }

    /// Whether each secret has so many bytes.
    pub(crate) fn is_long(&self, bytes: usize) -> bool {
        self.keys.iter().all(|(_, key)| key.len() >= bytes)
    }
}

/// The numbers of the keys only.
impl fmt::Debug for CookieSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<u32> = self.keys.iter().map(|key| key.0).collect();
        f.debug_struct("CookieSecret").field("versions", &versions).finish_non_exhaustive()
    }
}

impl From<&str> for CookieSecret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

impl From<String> for CookieSecret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

/// The number of the key that a value says it was signed with, which nobody has checked; `None` if it is not of the second format.
pub fn signature_key_version(signed: impl AsRef<[u8]>) -> Option<u32> {
    let signed = signed.as_ref();
    if version(signed) != 2 {
        return None;
    }
    Fields::read(signed).map(|fields| fields.key_version)
}

/// The fields of the second format.
struct Fields<'a> {
    key_version: u32,
    time: &'a [u8],
    name: &'a [u8],
    value: &'a [u8],
    /// Everything that the signature is for.
    signed: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Fields<'a> {
    fn read(signed: &'a [u8]) -> Option<Self> {
        let mut rest = signed.strip_prefix(b"2|")?;
        let mut field = || {
            let colon = memchr::memchr(b':', rest)?;
            let length = usize::try_from(number(&rest[..colon])?).ok()?;
            let (field, after) = rest[colon + 1..].split_at_checked(length)?;
            rest = after.strip_prefix(b"|")?;
            Some(field)
        };
        let (key_version, time, name, value) = (field()?, field()?, field()?, field()?);
        let key_version = u32::try_from(number(key_version)?).ok()?;
        let (signed, signature) = signed.split_at(signed.len() - rest.len());
        Some(Self { key_version, time, name, value, signed, signature })
    }
}

/// The format that a value says it has. The first one did not say anything, and began with base64, which may look like a number; but then
/// like one of four digits or more.
fn version(signed: &[u8]) -> u64 {
    let digits = memchr::memchr(b'|', signed).map_or(&signed[..0], |end| &signed[..end]);
    match number(digits) {
        Some(version @ 1..=999) if digits[0] != b'0' => version,
        _ => 1,
    }
}

fn signature_v1(
    key: &[u8],
    name: &str,
    value: impl AsRef<[u8]>,
    time: impl AsRef<[u8]>,
) -> Hmac<Sha1> {
    mac(key, &[name.as_bytes(), value.as_ref(), time.as_ref()])
}

/// The signature of what these parts are together.
pub(super) fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> M {
    // HMAC has no length of keys that it does not take.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
        unreachable!("a key of any length")
    };
    for part in parts {
        mac.update(part);
    }
    mac
}

/// A number of digits alone: no sign, no space, no underscore.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Seconds since 1970; none before.
pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
