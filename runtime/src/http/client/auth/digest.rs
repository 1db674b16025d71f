//! The Digest scheme: the server is shown that the client knows a password, and not the password. RFC 7616.

use super::super::record::Parts;
use super::super::url::Credentials;
use super::challenge::{Challenge, Mechanism};
use crate::http::{RequestId, hex};
use crate::ioloop::Core;
use ::http::StatusCode;
use md5::Md5;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

/// What a fetch knows of the server's wishes.
#[derive(Default)]
pub(in crate::http::client) struct Digest {
    challenge: Option<Challenge>,
    /// How many requests were sent with the nonce of this challenge.
    count: u32,
    /// How many challenges were taken up.
    proofs: u8,
}

/// So many challenges are taken up: the first one, and one whose nonce is fresh when that of the first was too old.
const PROOFS: u8 = 2;

impl Digest {
    /// The value of Authorization; `None` as long as the server has not said what it wants to have proved.
    pub(super) fn authorization(
        &mut self,
        user: &Credentials,
        method: &str,
        target: &str,
        core: &Core,
    ) -> Option<String> {
        let challenge = self.challenge.as_ref()?;
        self.count += 1;
        // Like an id, what a client adds must be new and must not be guessed.
        let chosen = RequestId::new(core);
        Some(answer(challenge, user, method, target, self.count, chosen.as_str()))
    }

    /// Takes up what `parts`' response wants to have proved, if it can be; says whether the request is to be sent again with the proof.
    pub(super) fn is_challenged(&mut self, parts: &Parts) -> bool {
        let can_prove = parts.credentials.is_some()
            && !parts.has_streamed
            && !parts.headers.contains("Authorization");
        if parts.head.status() != StatusCode::UNAUTHORIZED || !can_prove {
            return false;
        }
        let headers = parts.head.headers();
        let values = headers.filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
        let Some(challenge) = Challenge::strongest(values.map(|(_, value)| value)) else {
            return false;
        };
        // Asked again, the proof was wrong, unless only its nonce was too old.
        let is_wrong = self.challenge.is_some() && !challenge.is_stale;
        if is_wrong || self.proofs == PROOFS {
            return false;
        }
        *self = Self { challenge: Some(challenge), count: 0, proofs: self.proofs + 1 };
        true
    }

    /// Forgets what was said before: another path may belong to other people.
    pub(in crate::http::client) fn restart(&mut self) {
        *self = Self::default();
    }
}

/// RFC 7616 §3.4. `chosen` is what the client adds to the server's nonce.
fn answer(
    challenge: &Challenge,
    user: &Credentials,
    method: &str,
    target: &str,
    count: u32,
    chosen: &str,
) -> String {
    let Challenge { algorithm, realm, nonce, opaque, has_qop, hashes_user, .. } = challenge;
    let Credentials { username, password } = user;
    let mechanism = algorithm.map_or(Mechanism::Md5, |algorithm| algorithm.mechanism);
    let hash = |text: String| hash(mechanism, &text);

    let mut secret = hash(format!("{username}:{realm}:{password}"));
    if algorithm.is_some_and(|algorithm| algorithm.is_session) {
        secret = hash(format!("{secret}:{nonce}:{chosen}"));
    }
    let request = hash(format!("{method}:{target}"));
    let response = match has_qop {
        true => hash(format!("{secret}:{nonce}:{count:08x}:{chosen}:auth:{request}")),
        // As RFC 2069 had it; there still are such servers.
        false => hash(format!("{secret}:{nonce}:{request}")),
    };

    let mut out = String::from("Digest ");
    if *hashes_user {
        out += &format!("username=\"{}\", userhash=true", hash(format!("{username}:{realm}")));
    } else if username.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        put_quoted(&mut out, "username", username);
    } else {
        let encoded = utf8_percent_encode(username, NON_ALPHANUMERIC);
        out += &format!("username*=UTF-8''{encoded}");
    }
    for (name, value) in [(", realm", realm.as_str()), (", nonce", nonce), (", uri", target)] {
        put_quoted(&mut out, name, value);
    }
    if let Some(algorithm) = algorithm {
        out += &format!(", algorithm={}", algorithm.name());
    }
    out += &format!(", response=\"{response}\"");
    if *has_qop {
        out += &format!(", qop=auth, nc={count:08x}, cnonce=\"{chosen}\"");
    }
    if let Some(opaque) = opaque {
        put_quoted(&mut out, ", opaque", opaque);
    }
    out
}

/// RFC 9110 §5.6.4.
fn put_quoted(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str("=\"");
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}

fn hash(mechanism: Mechanism, text: &str) -> String {
    match mechanism {
        Mechanism::Md5 => hex::encode(&Md5::digest(text)),
        Mechanism::Sha256 => hex::encode(&Sha256::digest(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(value: &str) -> Challenge {
        Challenge::strongest([value.as_bytes()].into_iter()).unwrap()
    }

    fn user(username: &str, password: &str) -> Credentials {
        Credentials { username: username.into(), password: password.into() }
    }

    /// RFC 7616 §3.9.1, once with each algorithm.
    #[test]
    fn the_vectors_of_the_rfc() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = challenge(&format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            ));
            let chosen = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let user = user("Mufasa", "Circle of Life");
            let expected = format!(
                "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", \
                 algorithm={algorithm}, response=\"{response}\", qop=auth, nc=00000001, \
                 cnonce=\"{chosen}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            assert_eq!(answer(&challenge, &user, "GET", "/dir/index.html", 1, chosen), expected);
        }
    }

    /// RFC 2617 §3.5, and without its qop as RFC 2069 has it; the hash of the latter is that of Python's `urllib`.
    #[test]
    fn the_vectors_of_the_rfcs_before() {
        let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        for (qop, response) in [
            (", qop=\"auth\"", "6629fae49393a05397450978507c4ef1"),
            ("", "670fd8c2df070c60b045671b8b24ff02"),
        ] {
            let value = format!("Digest realm=\"testrealm@host.com\", nonce=\"{nonce}\"{qop}");
            let user = user("Mufasa", "Circle Of Life");
            let chosen = "0a4f113b";
            let answer = answer(&challenge(&value), &user, "GET", "/dir/index.html", 1, chosen);
            assert!(answer.contains(&format!("response=\"{response}\"")), "{answer}");
            assert_eq!(answer.contains("cnonce"), !qop.is_empty());
            assert!(!answer.contains("algorithm"), "the server has named none");
        }
    }

    #[test]
    fn a_session_hashes_its_secret_once_more() {
        let session = challenge("Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess");
        let answer = answer(&session, &user("u", "p"), "GET", "/", 2, "c");
        let secret = hash(Mechanism::Md5, "u:r:p");
        let secret = hash(Mechanism::Md5, &format!("{secret}:n:c"));
        let request = hash(Mechanism::Md5, "GET:/");
        let response = hash(Mechanism::Md5, &format!("{secret}:n:00000002:c:auth:{request}"));
        assert!(
            answer.contains(&format!("algorithm=MD5-sess, response=\"{response}\"")),
            "{answer}"
        );
    }

    #[test]
    fn no_name_breaks_out_of_its_quotes() {
        let plain = challenge("Digest realm=\"a\\\"b\", nonce=n");
        let answered = |challenge: &Challenge, name: &str| {
            answer(challenge, &user(name, "p"), "GET", "/", 1, "c")
        };
        let quoted = answered(&plain, "a\\\"b");
        assert!(
            quoted.starts_with(r#"Digest username="a\\\"b", realm="a\"b", nonce="n""#),
            "{quoted}"
        );
        for (name, encoded) in [("Jäsøn", "J%C3%A4s%C3%B8n"), ("a\r\nX: y", "a%0D%0AX%3A%20y")] {
            let extended = answered(&plain, name);
            let expected = format!("Digest username*=UTF-8''{encoded}, realm=");
            assert!(extended.starts_with(&expected), "{extended}");
        }
        let hashing = challenge("Digest realm=r, nonce=n, userhash=true");
        let hashed = answered(&hashing, "Jäsøn");
        let name = hash(Mechanism::Md5, "Jäsøn:r");
        assert!(
            hashed.starts_with(&format!("Digest username=\"{name}\", userhash=true, ")),
            "{hashed}"
        );
    }
}
