//! The header Set-Cookie. RFC 6265 §5.2.

use super::date;
use crate::http::HTTPDate;
use std::time::{Duration, SystemTime};

/// Longer ones are ignored, as its successor has it.
const LONGEST: usize = 4096;
const LONGEST_ATTRIBUTE: usize = 1024;

/// Nothing is kept longer than 400 days.
const LONGEST_LIFETIME: Duration = Duration::from_secs(400 * 24 * 3600);

/// What a Set-Cookie header says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SetCookie {
    pub(super) name: String,
    pub(super) value: String,
    /// In lower case, and without a dot in front.
    pub(super) domain: Option<String>,
    /// Begins with a slash.
    pub(super) path: Option<String>,
    pub(super) is_secure: bool,
    /// How long it is to be kept; zero if it is over.
    pub(super) lifetime: Option<Duration>,
}

impl SetCookie {
    /// Reads a header; `None` if it is no text, has a control character, or is too long.
    pub(super) fn parse(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header).ok()?;
        if text.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return None;
        }
        let mut parts = text.split(';');
        let pair = parts.next()?;
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) => (trim(name), trim(value)),
            None => ("", trim(pair)),
        };
        if (name.is_empty() && value.is_empty()) || name.len() + value.len() > LONGEST {
            return None;
        }
        let mut cookie = Self { name: name.into(), value: value.into(), ..Self::default() };
        let mut max_age = None;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (trim(name), trim(value));
            if value.len() <= LONGEST_ATTRIBUTE {
                cookie.attribute(name, value, &mut max_age);
            }
        }
        // Max-Age wins, wherever it stands.
        cookie.lifetime = max_age.or(cookie.lifetime).map(|left| left.min(LONGEST_LIFETIME));
        Some(cookie)
    }

    fn attribute(&mut self, name: &str, value: &str, max_age: &mut Option<Duration>) {
        match name.to_ascii_lowercase().as_str() {
            "expires" => {
                if let Some(date) = date::parse(value) {
                    self.lifetime = Some(until(date));
                }
            }
            "max-age" => {
                if let Some(seconds) = seconds(value) {
                    *max_age = Some(Duration::from_secs(seconds));
                }
            }
            "domain" => {
                let domain = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase();
                self.domain = (!domain.is_empty()).then_some(domain);
            }
            "path" => self.path = value.starts_with('/').then(|| value.to_owned()),
            "secure" => self.is_secure = true,
            _ => {}
        }
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A number of seconds: digits, perhaps behind a minus, which means that it is over.
fn seconds(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // One too large to be told is as good as the longest.
    Some(if digits == text { digits.parse().unwrap_or(u64::MAX) } else { 0 })
}

/// How long it is until then; nothing if it has passed.
fn until(date: HTTPDate) -> Duration {
    SystemTime::from(date).duration_since(SystemTime::now()).unwrap_or_default()
}
