//! What a server wants to have proved: `WWW-Authenticate`. RFC 9110 §11.6.1, RFC 7616 §3.3.

use crate::http::class::Class;
use std::borrow::Cow;

/// A challenge of the Digest scheme that can be answered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    /// As the server has named it. `None` means MD5.
    pub(super) algorithm: Option<Algorithm>,
    pub(super) realm: String,
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    /// Whether the server takes what the client adds to its nonce.
    pub(super) has_qop: bool,
    /// Whether the user's name is hashed, too.
    pub(super) hashes_user: bool,
    /// Whether the last proof was right, but its nonce too old.
    pub(super) is_stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Algorithm {
    pub(super) mechanism: Mechanism,
    /// Whether the secret is hashed with the nonces once more.
    pub(super) is_session: bool,
}

/// The weaker one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mechanism {
    Md5,
    Sha256,
}

impl Challenge {
    /// Of all challenges in these values of `WWW-Authenticate`, the one with the strongest algorithm; of equal ones the first, as
    /// the server likes that best.
    pub(super) fn strongest<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let texts = values.filter_map(|value| std::str::from_utf8(value).ok());
        let mut best: Option<Self> = None;
        for challenge in texts.flat_map(Self::all) {
            if best.as_ref().is_none_or(|best| best.mechanism() < challenge.mechanism()) {
                best = Some(challenge);
            }
        }
        best
    }

    fn all(value: &str) -> Vec<Self> {
        let mut challenges = Vec::new();
        // What follows a scheme that is not Digest is not looked at.
        let mut draft: Option<Draft> = None;
        let mut items = Items(value);
        while let Some(item) = items.next() {
            match item {
                Item::Scheme(scheme) => {
                    challenges.extend(draft.take().and_then(Draft::finish));
                    draft = scheme.eq_ignore_ascii_case("digest").then(Draft::default);
                }
                Item::Parameter(name, value) => {
                    if let Some(draft) = &mut draft {
                        draft.set(name, value);
                    }
                }
            }
        }
        challenges.extend(draft.and_then(Draft::finish));
        challenges
    }

    fn mechanism(&self) -> Mechanism {
        self.algorithm.map_or(Mechanism::Md5, |algorithm| algorithm.mechanism)
    }
}

impl Algorithm {
    const ALL: [(Self, &str); 4] = [
        (Self { mechanism: Mechanism::Md5, is_session: false }, "MD5"),
        (Self { mechanism: Mechanism::Md5, is_session: true }, "MD5-sess"),
        (Self { mechanism: Mechanism::Sha256, is_session: false }, "SHA-256"),
        (Self { mechanism: Mechanism::Sha256, is_session: true }, "SHA-256-sess"),
    ];

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(each, _)| *each == self).map_or("", |(_, name)| name)
    }

    fn named(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, each)| each.eq_ignore_ascii_case(name));
        found.map(|(algorithm, _)| *algorithm)
    }
}

/// A challenge of the Digest scheme, as far as it was read.
#[derive(Default)]
struct Draft {
    challenge: Challenge,
    has_realm: bool,
    has_nonce: bool,
    /// It wants what we do not have: another algorithm, or a hash of the body.
    is_beyond_us: bool,
}

impl Draft {
    fn set(&mut self, name: &str, value: Cow<'_, str>) {
        let Self { challenge, has_realm, has_nonce, is_beyond_us } = self;
        let is_true = value.eq_ignore_ascii_case("true");
        match name.to_ascii_lowercase().as_str() {
            "realm" => (challenge.realm, *has_realm) = (value.into_owned(), true),
            "nonce" => (challenge.nonce, *has_nonce) = (value.into_owned(), true),
            "opaque" => challenge.opaque = Some(value.into_owned()),
            "stale" => challenge.is_stale = is_true,
            "userhash" => challenge.hashes_user = is_true,
            "algorithm" => {
                challenge.algorithm = Algorithm::named(&value);
                *is_beyond_us |= challenge.algorithm.is_none();
            }
            "qop" => {
                challenge.has_qop =
                    value.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth"));
                *is_beyond_us |= !challenge.has_qop;
            }
            _ => {}
        }
    }

    fn finish(self) -> Option<Challenge> {
        let Self { challenge, has_realm, has_nonce, is_beyond_us } = self;
        // A session's secret is made of what only goes along with a qop.
        let is_session = challenge.algorithm.is_some_and(|algorithm| algorithm.is_session);
        let is_complete = has_realm && has_nonce && (challenge.has_qop || !is_session);
        (is_complete && !is_beyond_us).then_some(challenge)
    }
}

/// What a list of challenges is made of. A comma separates both challenges and their parameters, so they are told apart by what
/// follows a word.
struct Items<'a>(&'a str);

enum Item<'a> {
    Scheme(&'a str),
    Parameter(&'a str, Cow<'a, str>),
}

impl<'a> Items<'a> {
    fn next(&mut self) -> Option<Item<'a>> {
        loop {
            self.0 = self.0.trim_start_matches([' ', '\t', ',']);
            if self.0.is_empty() {
                return None;
            }
            let word = self.token();
            if word.is_empty() {
                self.skip();
                continue;
            }
            let Some(value) = self.0.trim_start_matches([' ', '\t']).strip_prefix('=') else {
                return Some(Item::Scheme(word));
            };
            self.0 = value.trim_start_matches([' ', '\t']);
            let value = match self.0.strip_prefix('"') {
                Some(_) => self.quoted(),
                None => Some(Cow::Borrowed(self.token())),
            };
            match value {
                Some(value) if !value.is_empty() || self.0.starts_with(',') => {
                    return Some(Item::Parameter(word, value));
                }
                Some(value) if self.0.is_empty() => return Some(Item::Parameter(word, value)),
                // It was the padded base64 of another scheme, or it is broken.
                _ => self.skip(),
            }
        }
    }

    fn token(&mut self) -> &'a str {
        let end = self.0.bytes().position(|byte| !Class::TOKEN.has(byte)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        token
    }

    /// A quoted string, without its quotes; `None` if it does not end.
    fn quoted(&mut self) -> Option<Cow<'a, str>> {
        let text = &self.0[1..];
        let mut value = String::new();
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.0 = &text[at + 1..];
                    return Some(Cow::Owned(value));
                }
                '\\' => value.push(characters.next()?.1),
                character => value.push(character),
            }
        }
        None
    }

    /// Leaves out what is not understood.
    fn skip(&mut self) {
        self.0 = self.0.find(',').map_or("", |comma| &self.0[comma..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strongest(values: &[&str]) -> Option<Challenge> {
        Challenge::strongest(values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn challenges_of_several_schemes_are_told_apart() {
        let plain = Challenge { realm: "a, b".into(), nonce: "n".into(), ..Challenge::default() };
        for values in [
            &["Digest realm=\"a, b\", nonce=n"][..],
            &["dIGEST  REALM = \"a, b\" ,, Nonce=\"n\""],
            &["Basic realm=\"x\", Digest realm=\"a, b\", nonce=\"n\", Bearer realm=y, nonce=z"],
            &["Negotiate YWJj/ZA==, Digest realm=\"a, b\", nonce=n"],
            &["NTLM YQ==", "Digest realm=\"\\a, b\", nonce=n, charset=UTF-8, x=\"\""],
            &["Digest realm=\"a, b\", nonce=n, stale=false, userhash=FALSE"],
        ] {
            assert_eq!(strongest(values).as_ref(), Some(&plain), "{values:?}");
        }
    }

    #[test]
    fn the_strongest_that_can_be_answered_is_taken() {
        let nonce = |values: &[&str]| strongest(values).map(|challenge| challenge.nonce);
        let md5 = "Digest realm=r, nonce=md5, qop=auth, algorithm=md5";
        let sha = "Digest realm=r, nonce=sha, qop=\"auth-int,auth\", algorithm=SHA-256-SESS";
        let unknown = "Digest realm=r, nonce=unknown, qop=auth, algorithm=SHA-512-256";
        let second = "Digest realm=r, nonce=second, qop=auth";
        for (values, expected) in [
            (&[md5, sha, unknown][..], "sha"),
            (&[unknown, sha, md5], "sha"),
            (&[second, md5], "second"),
            (&[md5, second], "md5"),
        ] {
            assert_eq!(nonce(values).as_deref(), Some(expected), "{values:?}");
        }
    }

    #[test]
    fn what_cannot_be_answered_is_none() {
        for value in [
            "",
            "Digest",
            "Basic realm=\"Digest realm=r, nonce=n\"",
            "Digest realm=r",
            "Digest nonce=n",
            "Digest realm=r, nonce=\"n",
            "Digest realm=r, nonce=\"n\\",
            "Digest realm=r, nonce=n, qop=auth-int",
            "Digest realm=r, nonce=n, qop=\"\"",
            "Digest realm=r, nonce=n, algorithm=SHA-1",
            "Digest realm=r, nonce=n, algorithm=MD5-sess",
            "realm=r, nonce=n",
        ] {
            assert_eq!(strongest(&[value]), None, "{value}");
        }
        assert_eq!(Challenge::strongest([&b"Digest realm=\xe9, nonce=n"[..]].into_iter()), None);
    }
}
