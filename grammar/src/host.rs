//! The hosts that a route can be for.

use core::fmt::{self, Display, Formatter};

/// A host's name, or `*.` and a name for all below it; never with a port. IPv6 addresses stand in brackets.
///
/// ```
/// use gustnado_grammar::HostPattern;
///
/// let pattern = HostPattern::parse("*.example.com")?;
/// assert!(pattern.matches("Admin.example.com:8080"));
/// assert!(!pattern.matches("example.com"));
/// # Ok::<(), gustnado_grammar::HostError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPattern<'p> {
    /// Behind the star, if there is one.
    name: &'p str,
    below: bool,
}

/// Why a text is no [`HostPattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostError {
    /// It is empty, or a star with nothing behind it.
    Empty,
    /// It names a scheme, a path or a user.
    Url,
    /// It has a port.
    Port,
    /// A star that is not the whole first label.
    Star,
    /// It has a character that no host has.
    Character,
}

impl<'p> HostPattern<'p> {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// The rule that it breaks.
    pub fn parse(text: &'p str) -> Result<Self, HostError> {
        if text.contains(['/', '@', '?', '#']) {
            return Err(HostError::Url);
        }
        let (name, below) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        if name.is_empty() || name == "*" {
            return Err(HostError::Empty);
        }
        if name.contains('*') {
            return Err(HostError::Star);
        }
        if let Some(address) = name.strip_prefix('[') {
            let Some((address, rest)) = address.split_once(']') else {
                return Err(HostError::Character);
            };
            let is_address = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
            return match rest {
                "" if !below && address.chars().all(is_address) => Ok(Self { name, below }),
                "" => Err(HostError::Character),
                _ => Err(HostError::Port),
            };
        }
        if name.contains(':') {
            return Err(HostError::Port);
        }
        let is_known = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        if !name.chars().all(is_known) || name.split('.').any(str::is_empty) {
            return Err(HostError::Character);
        }
        Ok(Self { name, below })
    }

    /// Whether a `Host` header, with or without a port, is one of these. Letters match in both cases, and a dot at the end
    /// does not count.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        let name = without_port(host);
        let name = name.strip_suffix('.').unwrap_or(name).as_bytes();
        let own = self.name.as_bytes();
        if !self.below {
            return name.eq_ignore_ascii_case(own);
        }
        let Some(start) = name.len().checked_sub(own.len() + 1) else { return false };
        start > 0 && name[start] == b'.' && name[start + 1..].eq_ignore_ascii_case(own)
    }

    /// How much it says: of two that match, the one that says more is meant.
    #[must_use]
    pub fn rank(&self) -> (bool, usize) {
        (!self.below, self.name.len())
    }

    /// Whether the other one stands for the same hosts.
    #[must_use]
    pub fn is_same(&self, other: &HostPattern<'_>) -> bool {
        self.below == other.below && self.name.eq_ignore_ascii_case(other.name)
    }
}

/// The host without its port.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            // The colons of an IPv6 address are inside of the brackets.
            if name.starts_with('[') && !name.ends_with(']') { host } else { name }
        }
        _ => host,
    }
}

impl Display for HostError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a host has a name\nhelp: leave it away for every host",
            Self::Url => "this is more than a host\nhelp: write the name alone: `\"example.com\"`",
            Self::Port => "a host is named without its port",
            Self::Star => "a `*` is the whole first label: `\"*.example.com\"`",
            Self::Character => "this is no name of a host\nhelp: names in other alphabets are written as they are sent: `xn--..`",
        })
    }
}

impl core::error::Error for HostError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn matches(pattern: &str, host: &str) -> bool {
        HostPattern::parse(pattern).unwrap().matches(host)
    }

    #[test]
    fn a_name_matches_itself_in_any_case_and_with_any_port() {
        for host in
            ["example.com", "EXAMPLE.com", "example.com:80", "example.com.", "example.com.:8"]
        {
            assert!(matches("Example.com", host), "{host}");
        }
        for host in ["", "example.org", "a.example.com", "example.com:x", "example.comm"] {
            assert!(!matches("example.com", host), "{host}");
        }
        assert!(matches("[::1]", "[::1]:80") && matches("[::1]", "[::1]"));
        assert!(!matches("[::1]", "[::1:80") && !matches("[::1]", "[::2]"));
        assert!(matches("127.0.0.1", "127.0.0.1:8888"));
    }

    #[test]
    fn a_star_is_one_label_or_more() {
        for host in ["a.example.com", "a.b.EXAMPLE.com:80"] {
            assert!(matches("*.example.com", host), "{host}");
        }
        for host in ["example.com", ".example.com", "aexample.com", "com", "a.example.com.evil.org"]
        {
            assert!(!matches("*.example.com", host), "{host}");
        }
    }

    #[test]
    fn what_is_no_host_is_named() {
        for (text, error) in [
            ("", HostError::Empty),
            ("*", HostError::Empty),
            ("*.", HostError::Empty),
            ("http://example.com", HostError::Url),
            ("example.com/", HostError::Url),
            ("user@example.com", HostError::Url),
            ("example.com:80", HostError::Port),
            ("[::1]:80", HostError::Port),
            ("a.*.com", HostError::Star),
            ("a*.com", HostError::Star),
            ("caf\u{e9}.com", HostError::Character),
            ("a..b", HostError::Character),
            (".a", HostError::Character),
            ("a b", HostError::Character),
            ("[::1", HostError::Character),
            ("*.[::1]", HostError::Character),
        ] {
            assert_eq!(HostPattern::parse(text), Err(error), "{text:?}");
        }
    }
}
